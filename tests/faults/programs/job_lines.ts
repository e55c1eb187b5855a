/** Prints so many lines from each of so many workers at once: `job_lines.ts <workers> <lines>`. */
import process from "node:process";
import { MapReduce, range } from "../../../mod.ts";
import { lineOf } from "./job_line.ts";

const [workers, lines] = process.argv.slice(2).map(Number) as [number, number];
using pool = new MapReduce({ np: workers });
await pool.map(
  (job) => {
    for (let k = 0; k < lines; k++) console.log(lineOf(job, k));
  },
  range(workers),
  { chunkSize: 1 },
);
