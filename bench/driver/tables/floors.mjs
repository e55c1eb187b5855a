import { number, RUNTIMES, table } from "./format.mjs";

/** Rows of floors, as `driver/floors.mjs` has them, with a tick or a cross each. */
export function floorTable(results, floors) {
  const rows = floors.map(({ what, unit, floor, value }) => {
    const cells = RUNTIMES.flatMap((runtime) => {
      const got = value(results, runtime);
      const mark = got === undefined || floor === undefined
        ? ""
        : floor.met(got, floor[runtime])
        ? " ✓"
        : " ✗";
      return [floor === undefined ? "" : `${floor.sign} ${number(floor[runtime])}`, number(got) + mark];
    });
    return [what, unit, ...cells];
  });
  return table(["what", "unit", "floor, Bun", "Bun", "floor, Deno", "Deno"], rows);
}
