/** Imports and maps with the permissions that it has; prints what works. */
import { MapReduce, range, SharedMemError, UnsupportedError } from "../../../mod.ts";

const work = (i: number): number => i * i;
console.log(`here ${(await new MapReduce({ np: 0 }).map(work, range(4))).join()}`);
try {
  console.log(`forked ${(await new MapReduce({ np: 2 }).map(work, range(4))).join()}`);
} catch (error) {
  if (!(error instanceof SharedMemError)) throw error;
  console.log(error instanceof UnsupportedError ? `${error.name} ${error.needs}` : String(error));
}
