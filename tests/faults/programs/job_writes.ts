/** Writes so many lines from jobs that end right after, each in another way: `job_writes.ts <rounds> <jobs> <lines>`. */
import process from "node:process";
import { MapReduce, range } from "../../../mod.ts";

const [rounds, jobs, lines] = process.argv.slice(2).map(Number) as [number, number, number];
using pool = new MapReduce({ np: jobs });
for (let round = 0; round < rounds; round++) {
  await pool.map(
    (job) => {
      for (let k = 0; k < lines; k++) process.stdout.write(`${round}:${job}:${k}\n`);
      if (job % 4 === 1) throw new Error("after its last line");
      if (job % 4 === 2) process.exit(0);
      if (job % 4 === 3) process.kill(process.pid, "SIGKILL");
    },
    range(jobs),
    { chunkSize: 1, onError: "settle" },
  );
}
