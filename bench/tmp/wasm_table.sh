# $1 = chunk
cd /tmp/wasm
one() { for r in "bun" "deno run -A --no-check"; do for m in auto never; do SM_KERNELS=$m timeout 25 node_modules/.bin/$r bench/tmp/cold.ts $1 $2 $3 $4 $5; done; done; }
case $1 in
A) for d in f8 i8; do for np in 1 2; do one 10000000 $np 7 $d argsort; done; done; /tmp/lab/carg_wasm 10000000 1 6 0; /tmp/lab/carg_wasm 10000000 2 6 0;;
B) for d in f4 i4; do for np in 1 2; do one 10000000 $np 7 $d argsort; done; done;;
C) for d in f8 i8 f4 i4; do one 100000 1 60 $d argsort; one 1000000 1 20 $d argsort; done; /tmp/lab/carg_wasm 100000 1 60 0; /tmp/lab/carg_wasm 1000000 1 20 0;;
D) for np in 1 2; do one 10000000 $np 7 f8 sort; one 10000000 $np 7 f8 out; done; /tmp/lab/carg_wasm 10000000 2 6 0;;
esac
