import { parentPort } from "node:worker_threads";
import * as tasks from "./tasks.mjs";

parentPort.on("message", ({ id, name, data }) => parentPort.postMessage({ id, value: tasks[name](data) }));
