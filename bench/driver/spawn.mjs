import { spawn } from "node:child_process";
import process from "node:process";

/**
 * Runs one benchmark process and reads its `BENCH {…}` line.
 * Gives `{ figures }`, or `{ failure }` when it failed, said nothing or, with `hung`, still ran after `timeoutMs`.
 */
export function measure([command, ...args], { timeoutMs, env }) {
  return new Promise((resolve) => {
    // Its own group, so that a peer's children go with it.
    const child = spawn(command, args, {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1", ...env },
    });
    let out = "";
    let err = "";
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      kill(child);
    }, timeoutMs);
    child.stdout.on("data", (data) => out += data);
    child.stderr.on("data", (data) => err += data);
    child.on("error", (error) => finish({ failure: error.message }));
    child.on("close", (code, signal) => {
      kill(child);
      const line = out.split("\n").find((line) => line.startsWith("BENCH "));
      const figures = line === undefined ? undefined : JSON.parse(line.slice("BENCH ".length));
      if (late) finish({ failure: `no answer in ${timeoutMs / 1000} s`, hung: true });
      else if (code !== 0) finish({ failure: `${reason(err, out)} (${signal ?? "exit " + code})`, figures });
      else if (figures === undefined) finish({ failure: reason(err, out) });
      else finish({ figures });
    });
    function finish(outcome) {
      clearTimeout(timer);
      resolve(outcome);
    }
  });
}

function kill(child) {
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // The group is gone.
  }
}

function reason(err, out) {
  const lines = (err + "\n" + out).split("\n").map((line) => line.trim()).filter((line) => line !== "");
  return lines.find((line) => /error|panic|assert/i.test(line)) ?? lines.at(-1) ?? "no output";
}
