import { arrayFloors } from "./array_floors.mjs";
import { floors } from "./floors.mjs";
import { argsortTable, sortTable, typesTable } from "./tables/argsort.mjs";
import { environment } from "./tables/environment.mjs";
import { faultTable } from "./tables/faults.mjs";
import { fromFileTable, loadtxtTable } from "./tables/files.mjs";
import { floorTable } from "./tables/floors.mjs";
import { integralTable } from "./tables/integral.mjs";
import { reduceTable } from "./tables/reduce.mjs";
import { burstTable, computeTable, sectionTable, timeTable } from "./tables/workers.mjs";

export { number } from "./tables/format.mjs";

/** Every generated part of README.md, by the name between its markers. */
export function tables(results) {
  return {
    environment: environment(results),
    floors: floorTable(results, floors),
    array_floors: floorTable(results, arrayFloors),
    dispatch: burstTable(results, "dispatch"),
    small: timeTable(results, "small", "warmMs"),
    start: timeTable(results, "start", "warmMs"),
    objects: burstTable(results, "objects"),
    sections: sectionTable(results),
    compute: computeTable(results),
    integral: integralTable(results),
    faults: faultTable(results),
    argsort: argsortTable(results),
    argsort_types: typesTable(results),
    sort: sortTable(results),
    reduce: reduceTable(results),
    from_file: fromFileTable(results),
    loadtxt: loadtxtTable(results),
  };
}

/** Puts the tables between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->`. */
export function insertTables(text, made) {
  for (const [name, content] of Object.entries(made)) {
    const [open, close] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
    const from = text.indexOf(open);
    const to = text.indexOf(close);
    if (from < 0 || to < from) throw new Error(`README.md must have ${open} and ${close}`);
    text = text.slice(0, from + open.length) + "\n" + content + "\n" + text.slice(to);
  }
  return text;
}
