/** Runs programs so that nothing of them is left: each in a process group of its own, with a time limit. */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { environment, ROOT } from "./paths.mjs";

const GRACE_MS = 3_000;
const running = new Set();

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    for (const group of running) killGroup(group);
    process.exit(1);
  });
}

/**
 * Runs a command line; gives its whole output and, when it failed, why.
 * Processes that it leaves behind are a failure, and are killed.
 */
export function runCommand([command, ...args], { cwd = ROOT, timeoutMs, env = {} }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...environment, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    const group = child.pid;
    running.add(group);
    let output = "";
    let problem = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => output += text);
    }
    let deadline = setTimeout(() => {
      problem = `did not end within ${timeoutMs / 1000} s:\n${living(group).join("\n")}`;
      child.kill("SIGINT"); // a test runner then reports what it has
      deadline = setTimeout(() => killGroup(group), GRACE_MS);
    }, timeoutMs);
    child.on("error", (error) => finish(error.message));
    child.on("exit", (status, signal) => {
      const left = living(group);
      if (left.length > 0) {
        problem ||= `left processes behind:\n${left.join("\n")}`;
        killGroup(group);
      }
      problem ||= status === 0 ? "" : `ended with ${signal ?? `status ${status}`}`;
    });
    child.on("close", () => finish(problem));

    function finish(problem) {
      clearTimeout(deadline);
      running.delete(group);
      const line = [command, ...args].join(" ").replaceAll(ROOT, "");
      resolve({ output, problem: problem && `${line} ${problem}` });
    }
  });
}

function killGroup(group) {
  try {
    process.kill(-group, "SIGKILL");
  } catch {
    // it has ended
  }
}

/** What runs in a process group, as `pid command`. Dead processes do not count: some containers reap none. */
function living(group) {
  const lines = [];
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      // "pid (name) state ppid pgrp …"; a name may hold anything
      const [state, , pgrp] = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ");
      if (Number(pgrp) !== group || state === "Z") continue;
      lines.push(`${pid} ${readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")}`);
    } catch {
      // it ended meanwhile
    }
  }
  return lines;
}
