/** Row 1: prints what a Worker thread that forks reports; with the argument "import" the engine was set up before. */
import process from "node:process";
import { Worker } from "node:worker_threads";

if (process.argv[2] === "import") await import("../../../mod.ts");
const thread = new Worker(new URL("./start_thread.ts", import.meta.url));
const outcome = await new Promise((resolve, reject) => {
  thread.once("message", resolve).once("error", reject);
});
await thread.terminate();
console.log(JSON.stringify({ outcome }));
