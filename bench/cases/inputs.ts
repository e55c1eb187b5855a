/**
 * Makes the files that other cases and their peers read, before they are timed. Arguments: 0 for doubles, 1 for a table
 * of long numbers, 2 of short ones; the number of doubles, or about how many bytes of text. Prints the path.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { argument } from "./_bench.ts";
import { doublesFile, doublesPath } from "./_doubles_file.ts";
import { type Kind, textPath, textTable } from "./_text_table.ts";

const what = argument(0, 0);
const size = argument(1, 2 ** 27);
const kind: Kind = what === 1 ? "long" : "short";

const made = !existsSync(what === 0 ? doublesPath(size) : textPath(kind, size));
const path = what === 0 ? doublesFile(size) : textTable(kind, size);
console.log(JSON.stringify({ path, made }));
