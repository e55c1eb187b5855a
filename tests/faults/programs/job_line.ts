/** The lines that `job_lines.ts` prints, known to its reader too. */

/** What a pipe takes in one piece. */
const PIPE_BUF = 4096;
const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** Line `k` of job `job`, without its end: up to 4 KiB with it, no two alike. */
export function lineOf(job: number, k: number): string {
  const head = `${job}:${k}:`;
  const length = head.length + 1 + (977 * k + 131 * job) % (PIPE_BUF - head.length - 1);
  return head.padEnd(length - 1, LETTERS[(job + k) % LETTERS.length]) + "|";
}
