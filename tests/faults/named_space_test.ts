/** Rows 36–38: named arrays where /dev/shm is full, small, read-only, absent, or not for this user. */
import assert from "node:assert/strict";
import { run, runtimeCommand } from "../harness.ts";
import { program } from "./programs/master_process.ts";
import { fault, isSoak } from "./rig.ts";

const DEVICES = ["null", "zero", "random", "urandom", "full", "tty"];
/** The program does them itself, in one process; fewer where there is more to fill. */
const ROUNDS = isSoak ? 200 : 20;
const FEW_ROUNDS = isSoak ? 20 : 2;

interface Surroundings {
  readonly row: number;
  readonly name: string;
  readonly shell: string;
  readonly kind: "writable" | "not writable";
  readonly message: RegExp;
  /** For where root may do anything. */
  readonly asNobody?: boolean;
}

const SURROUNDINGS: readonly Surroundings[] = [
  {
    row: 36,
    name: "of 4 MB, which fills up: ENOSPC with the bytes asked and left, no signal, nothing left",
    shell: "mount -t tmpfs -o size=4m none /dev/shm",
    kind: "writable",
    message: /ENOSPC .* wants 1073745920 bytes in \/dev\/shm, which has \d+ left of 4194304; .*empty\(\)/,
  },
  {
    row: 37,
    name: "of 64 MB: the message knows what to do in a container",
    shell: "mount -t tmpfs -o size=64m none /dev/shm",
    kind: "writable",
    message: /ENOSPC .* left of 67108864; .*--shm-size/,
  },
  {
    row: 38,
    name: "read-only",
    shell: "mount -t tmpfs -o ro none /dev/shm",
    kind: "not writable",
    message: /EROFS .*read-only.*empty\(\) does not/,
  },
  {
    row: 38,
    name: "of mode 0755, for another user",
    shell: "mount -t tmpfs -o mode=0755 none /dev/shm",
    kind: "not writable",
    message: /EACCES .*may not write to \/dev\/shm.*empty\(\) does not/,
    asNobody: true,
  },
  {
    row: 38,
    name: "absent",
    shell: `mount -t tmpfs none /mnt; mkdir /mnt/dev; mount --rbind /dev /mnt/dev; mount -t tmpfs none /dev
for name in ${DEVICES.join(" ")}; do touch /dev/$name; mount --bind /mnt/dev/$name /dev/$name; done
ln -s /proc/self/fd /dev/fd; test ! -e /dev/shm`,
    kind: "not writable",
    message: /ENOENT .*there is no \/dev\/shm.*empty\(\) does not/,
  },
];

for (const { row, name, shell, kind, message, asNobody = false } of SURROUNDINGS) {
  fault({
    row,
    name: `named arrays in a /dev/shm that is ${name}`,
    rounds: 2,
    soak: 5,
    roundMs: 60_000,
  }, async () => {
    const nobody = asNobody ? ["setpriv", "--reuid=65534", "--clear-groups"] : [];
    const { status, signal, stdout, stderr } = await run(
      [
        ...["unshare", "--mount", "bash", "-ec", `${shell}\nexec "$@"`, "bash"],
        ...nobody,
        ...runtimeCommand([program("named_shm.ts"), kind, String(row === 37 ? FEW_ROUNDS : ROUNDS)]),
      ],
      { env: asNobody ? { HOME: "/tmp", DENO_DIR: "/tmp/deno-65534" } : {} },
    );
    assert.deepEqual([status, signal], [0, null], stdout + stderr);
    const [told, left, ...rest] = stdout.split("\n");
    assert.match(told!, message);
    assert.deepEqual([left, rest], ["left: ", [""]]);
  });
}
