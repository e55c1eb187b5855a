/** Makes an array and ends, looks at what another process has made, or tries all that it may not do. */
import process from "node:process";
import { attach, clear, create, list, SystemCallError, unlink } from "../../../mod.ts";

const [prefix, what] = process.argv.slice(2) as [string, string];
const mine = () => list().filter(({ name }) => name.startsWith(prefix));

if (what === "make") {
  create(prefix, 10);
  console.log("made");
} else if (what === "look") {
  const held = mine().map(({ isHeld }) => isHeld).join();
  console.log(`held ${held}, removed ${clear({ prefix }).join()}`);
} else {
  for (const name of [prefix, `${prefix}.stale`]) {
    const calls = [
      () => attach(name),
      () => attach(name, { readonly: true }),
      () => create(name, 10),
      () => unlink(name),
    ];
    for (const call of calls) {
      try {
        call();
        console.log("nothing was thrown");
      } catch (error) {
        console.log(error instanceof SystemCallError ? `${error.code} ${error.message}` : String(error));
      }
    }
  }
  console.log(`listed ${mine().length}, removed ${clear({ prefix, all: true }).length}`);
}
