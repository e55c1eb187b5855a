for k in 1 2 3 4; do for c in A C D B; do [ $(date +%H%M) -ge 1655 ] && exit; flock -x /tmp/lab/m.lock timeout 75 bash /tmp/lab/wasm_table.sh $c >> /tmp/lab/wasm_table.$c 2>&1; done; done
