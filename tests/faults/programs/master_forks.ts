/** A master that is killed so many microseconds after its k-th fork: `master_forks.ts <k> <microseconds>`. */
import process from "node:process";
import { SIGKILL } from "../../../ffi/constants.ts";
import { c } from "../../../ffi/libc.ts";
import { MapReduce, range } from "../../../mod.ts";
import { spinForever } from "../../support.ts";

const [k, microseconds] = process.argv.slice(2).map(Number) as [number, number];
const own = c.getpid();
const { fork } = c;
let forks = 0;
Object.assign(c, {
  fork: () => {
    const pid = fork();
    if (pid > 0 && ++forks === k) {
      const end = performance.now() + microseconds / 1000;
      while (performance.now() < end);
      c.kill(own, SIGKILL);
    }
    return pid;
  },
});
await new MapReduce({ np: 8 }).map(spinForever, range(8), { chunkSize: 1 });
