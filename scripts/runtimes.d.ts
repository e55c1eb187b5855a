// what tsc and editors know of the two runtimes; set_up.mjs writes the second
/// <reference types="bun" />
/// <reference path="../node_modules/.cache/deno.d.ts" />
