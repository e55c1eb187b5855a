/** What the package exports to users of algorithms. */
export * from "../src/algorithms/mod.ts";
export * from "../src/memory/mod.ts";
export * from "../src/pool/mod.ts";
