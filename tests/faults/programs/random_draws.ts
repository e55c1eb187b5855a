/** Row 59: what a process draws; as a program, what 16 children and a master draw that has drawn nothing before. */
import * as node from "node:crypto";
import process from "node:process";
import { MapReduce, range } from "../../../mod.ts";
import { realPid } from "../../support.ts";

/** The sources of chance, each with how to draw one value. */
const SOURCES: Readonly<Record<string, () => string>> = {
  "Math.random": () => String(Math.random()),
  "crypto.randomUUID": () => crypto.randomUUID(),
  "crypto.getRandomValues, 8 bytes": () => hex(crypto.getRandomValues(new Uint8Array(8))),
  "crypto.getRandomValues, 64 bytes": () => hex(crypto.getRandomValues(new Uint8Array(64))),
  "node:crypto.randomBytes": () => node.randomBytes(16).toString("hex"),
  "node:crypto.randomInt": () => String(node.randomInt(2 ** 47)),
  "node:crypto.randomUUID": () => node.randomUUID(),
  "node:crypto.webcrypto.getRandomValues": () => hex(node.webcrypto.getRandomValues(new Uint8Array(16))),
};

/** What one process has drawn from each source. */
export interface Draws {
  readonly pid: number;
  readonly values: Readonly<Record<string, readonly string[]>>;
}

const CHILDREN = 16;

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Draws `count` values from each source. */
export function draw(count: number): Draws {
  const values: Record<string, string[]> = {};
  for (const [name, next] of Object.entries(SOURCES)) values[name] = Array.from({ length: count }, next);
  return { pid: realPid(), values };
}

/** What each of 16 children draws, and the master while they run or after. */
export async function drawEverywhere(count: number): Promise<Draws[]> {
  using pool = new MapReduce({ np: CHILDREN });
  // one job for each worker
  const children = await pool.map(() => draw(count), range(CHILDREN), { schedule: "static" });
  return [...children, draw(count)];
}

if (import.meta.main) {
  console.log(JSON.stringify(await drawEverywhere(Number(process.argv[2]))));
}
