// The work of ../cases/loadtxt.ts by JavaScript parsers of CSV: js_csv.mjs WHO CALLS BYTES KIND, in bun or deno.
// WHO: udsv, papaparse, csv-parse, d3-dsv, or split, what users write by hand. All give numbers.
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import process from "node:process";
import { FIRST, textTable } from "../cases/_text_table.ts";

const [who, calls, bytes, kindNumber] = process.argv.slice(2);
const kind = Number(kindNumber) === 0 ? "long" : "short";
const path = textTable(kind, Number(bytes));

const parsers = {
  async udsv() {
    const { inferSchema, initParser } = await import("udsv");
    return (text) => {
      const schema = inferSchema(
        "a,b,c,d,e,f,g,h,i,j\n" + text.slice(0, 10_000),
      );
      schema.skip = 0;
      return initParser(schema).typedArrs(text);
    };
  },
  async papaparse() {
    const { default: Papa } = await import("papaparse");
    return (text) => Papa.parse(text, { dynamicTyping: true, delimiter: "," }).data;
  },
  async "csv-parse"() {
    const { parse } = await import("csv-parse/sync");
    return (text) => parse(text, { cast: Number });
  },
  async "d3-dsv"() {
    const { csvParseRows } = await import("d3-dsv");
    return (text) => csvParseRows(text, (row) => row.map(Number));
  },
  split() {
    return (text) => {
      const data = new Float64Array(text.length / 2);
      let n = 0;
      for (let at = 0; at < text.length;) {
        const end = text.indexOf("\n", at);
        for (const field of text.slice(at, end).split(",")) {
          data[n++] = Number(field);
        }
        at = end + 1;
      }
      return [data.subarray(0, n)];
    };
  },
};

const parse = await parsers[who]();
const times = [];
const processors = [];
for (let call = 0; call <= Number(calls); call++) {
  const used = process.cpuUsage();
  const start = performance.now();
  const rows = parse(readFileSync(path, "latin1"));
  times.push(performance.now() - start);
  const { user, system } = process.cpuUsage(used);
  processors.push((user + system) / 1000);
  assert.equal(rows[0][0], FIRST[kind]);
  assert.equal(typeof rows[0][9], "number");
}
const middle = (values) => values.slice(calls > 0 ? 1 : 0).sort((x, y) => x - y)[Math.max(0, calls - 1) >> 1];
console.log(
  "BENCH " + JSON.stringify({
    bytes: statSync(path).size,
    firstMs: times[0],
    totalMs: middle(times),
    processorMs: middle(processors),
  }),
);
