/** Row 4: a thread that allocates in bursts, some longer than a fork waits for other threads to sleep. */
import { parentPort } from "node:worker_threads";

const LONGEST_BURST_MS = 40;
const kept: unknown[] = [];

function burst(): void {
  const end = performance.now() + LONGEST_BURST_MS * Math.random() ** 2;
  for (let i = 0; performance.now() < end; i++) {
    kept[i % 100] = Array.from({ length: 200 }, (_, k) => ({ k, text: `t${k}` }));
  }
  setTimeout(burst, 1);
}

burst();
parentPort!.postMessage("busy");
