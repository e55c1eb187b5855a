/**
 * Writes the counts of the fault suite's last run into `docs/reliability.md`: `node scripts/reliability.mjs`, after
 * `npm test -- faults` or a soak (`SOAK=1`).
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { ROOT, TEMPORARY } from "./paths.mjs";

const PAGE = join(ROOT, "docs", "reliability.md");
const RECORD = join(TEMPORARY, "faults.jsonl");
const START = "<!-- faults -->\n";
const END = "<!-- /faults -->";

if (!existsSync(RECORD)) {
  console.error(`${RECORD} is missing: run npm test -- faults first`);
  process.exit(1);
}

// a later line of the same row and runtime replaces an earlier one
const rows = new Map();
for (const line of readFileSync(RECORD, "utf8").trim().split("\n")) {
  const { row, name, runtime, rounds, soak } = JSON.parse(line);
  const entry = rows.get(name) ?? { row, name };
  entry[runtime] = `${rounds.toLocaleString("en")}${soak ? " (soak)" : ""}`;
  rows.set(name, entry);
}
const sorted = [...rows.values()].sort((a, b) => a.row - b.row || a.name.localeCompare(b.name));
const lines = sorted.map(({ row, name, deno = "–", bun = "–" }) =>
  `| ${row} | ${name.replaceAll("|", "\\|")} | ${deno} | ${bun} |`
);
const table = ["| row | what | Deno | Bun |", "| ---: | --- | ---: | ---: |", ...lines].join("\n");

const page = readFileSync(PAGE, "utf8");
const from = page.indexOf(START) + START.length;
writeFileSync(PAGE, `${page.slice(0, from)}${table}\n${page.slice(page.indexOf(END))}`);
console.log(`${sorted.length} rows`);
