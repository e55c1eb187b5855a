import { empty, MapReduce } from "../../mod.ts";
import { runCrew } from "../../src/algorithms/crew.ts";
using pool = new MapReduce({ np: 2 });
let bad = 0;
for (let k = 0; k < 25; k++) {
  const r = await pool.map((i: number) => {
    const out = empty(3, "i4").fill(0);
    let n = 0;
    for (let round = 0; round < 5; round++) {
      if (!runCrew(3, (m) => { m.barrier(); Atomics.add(out, m.rank, i); m.barrier(); })) n++;
    }
    return n;
  }, [1, 2, 3, 4, 5, 6], { chunkSize: 1 });
  bad += r.reduce((a: number, b: number) => a + b, 0);
}
console.log("bad", bad, "of", 25 * 30);
