/** Row 1: tells whether this process was replaced, which threads it has and whether it forks. */
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { MapReduce, range, UnsupportedError } from "../../../mod.ts";

const [flag = ""] = process.argv.slice(2);
using pool = new MapReduce({ np: 2 });
const outcome = await pool.map((i) => i * i, range(4)).catch((error: unknown) => {
  if (error instanceof UnsupportedError) return `${error.message} ${error.needs}`;
  throw error;
});
console.log(JSON.stringify({
  isReplaced: readFileSync("/proc/self/environ", "utf8").split("\0").some((line) =>
    line.startsWith(`${flag}=`)
  ),
  threads: readdirSync("/proc/self/task").map((id) =>
    readFileSync(`/proc/self/task/${id}/comm`, "utf8").trim()
  ),
  outcome,
}));
