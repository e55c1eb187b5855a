/**
 * A master whose workers print so many lines each: `master_prints.ts <lines>`. Its exit status tells whether the
 * results were right, since nobody may see what it prints. What printing throws is caught: a runtime may say so where
 * there is no space.
 */
import process from "node:process";
import { MapReduce, range } from "../../../mod.ts";

const WRONG = 9;
const lines = Number(process.argv[2]);
using pool = new MapReduce({ np: 4 });
const results = await pool.map(
  (i) => {
    for (let k = 0; k < lines; k++) {
      attempt(() => console.log(`${i}: ${k}`));
      attempt(() => process.stdout.write(`${i}: ${k} written\n`));
    }
    return i * i;
  },
  range(4),
  { chunkSize: 1 },
);
process.exitCode = results.join() === "0,1,4,9" ? 0 : WRONG;

function attempt(print: () => void): void {
  try {
    print();
  } catch {
    // the result does not depend on it
  }
}
