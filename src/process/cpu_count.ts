/**
 * How many processors to use: the least of several limits.
 *
 * @module
 */
import * as libc from "../../ffi/libc.ts";
import { controlGroup, type FileReader } from "../control_group.ts";

/** What the limits are read from. */
export interface Machine {
  /** The value of an environment variable. */
  getenv(name: string): string | undefined;
  /** The number of processors that the process may run on. */
  affinityCount(): number;
  /** Reads a whole small file. */
  readFile: FileReader;
}

const HERE: Machine = { getenv: libc.getenv, affinityCount: affinityHere, readFile: libc.readFile };

/**
 * The number of processors that this process should use, at least 1.
 *
 * The least of what the user or the batch system asks for (`OMP_NUM_THREADS`, else `PBS_NUM_PPN`, else
 * `SLURM_CPUS_PER_TASK`), the affinity mask, and the quota of the control group (cgroup v1 or v2) and of
 * those above it, rounded up. A variable that is not a positive number counts as unset; of OpenMP's lists
 * (`4,2`) the first number holds. Read anew at each call. Blocks for some 100 µs.
 *
 * @example As many parts as processors
 * ```ts
 * import { cpuCount } from "@sharedmem/sharedmem";
 * import assert from "node:assert/strict";
 *
 * assert.ok(Number.isInteger(cpuCount()) && cpuCount() >= 1);
 * ```
 */
export function cpuCount(): number {
  return cpuCountOf(HERE);
}

/** {@linkcode cpuCount} of another machine. */
export function cpuCountOf(machine: Machine): number {
  return Math.max(
    1,
    Math.min(environmentLimit(machine), machine.affinityCount(), quotaLimit(machine.readFile)),
  );
}

/** What the user or the batch system asks for; `Infinity` for nothing. */
function environmentLimit(machine: Machine): number {
  for (const name of ["OMP_NUM_THREADS", "PBS_NUM_PPN", "SLURM_CPUS_PER_TASK"]) {
    const [, digits] = /^\s*\+?(\d+)\s*(?:,|$)/.exec(machine.getenv(name) ?? "") ?? [];
    if (Number(digits) >= 1) return Number(digits);
  }
  return Infinity;
}

/** The processor time that the control groups allow, in processors, rounded up; `Infinity` for no limit. */
function quotaLimit(readFile: FileReader): number {
  const group = controlGroup("cpu", readFile);
  let limit = Infinity;
  for (const directory of group?.directories ?? []) {
    const text = group!.isV2
      ? readFile(`${directory}/cpu.max`)
      : `${readFile(`${directory}/cpu.cfs_quota_us`)} ${readFile(`${directory}/cpu.cfs_period_us`)}`;
    // "max 100000" or a quota of -1 is no limit
    const [, quota, period] = /^(\d+)\s+(\d+)\s*$/.exec(text ?? "") ?? [];
    if (Number(quota) > 0 && Number(period) > 0) {
      limit = Math.min(limit, Math.ceil(Number(quota) / Number(period)));
    }
  }
  return limit;
}

/** The affinity mask, or the number of processors where there are no system calls. */
function affinityHere(): number {
  return (libc.missing === undefined && libc.affinityCount()) || navigator.hardwareConcurrency;
}
