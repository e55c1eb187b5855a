/**
 * What the kernel says of a file: `statx`, whose structure is the same on every architecture, unlike `stat`'s.
 *
 * @module
 */
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, S_IFMT, STATX_BASIC_STATS } from "./constants.ts";
import { c, cString } from "./libc.ts";

/** What there is to know of a file. */
export interface FileStatus {
  /** `"a regular file"`, `"a symbolic link"`, … */
  readonly kind: string;
  /** Whether it is a regular file. */
  readonly isRegular: boolean;
  /** Permissions with the sticky and set-id bits, e.g. `0o600`. */
  readonly mode: number;
  /** The owner's user id. */
  readonly uid: number;
  /** How many names it has. */
  readonly links: number;
  /** Its length in bytes. */
  readonly byteLength: number;
  /** The same for two names or descriptors of one file, and for no other file that exists. */
  readonly identity: string;
}

const kinds: Readonly<Record<number, string>> = {
  0o010000: "a FIFO",
  0o020000: "a character device",
  0o040000: "a directory",
  0o060000: "a block device",
  0o100000: "a regular file",
  0o120000: "a symbolic link",
  0o140000: "a socket",
};
const REGULAR = 0o100000;

const NO_PATH = cString("");
const fields = new DataView(new ArrayBuffer(256));

/** The file behind a descriptor, or of that name, symbolic links not followed; `undefined`, with `errno`, if there is none. */
export function statusOf(file: number | string): FileStatus | undefined {
  const isName = typeof file === "string";
  const result = c.statx(
    isName ? AT_FDCWD : file,
    isName ? cString(file) : NO_PATH,
    isName ? AT_SYMLINK_NOFOLLOW : AT_EMPTY_PATH,
    STATX_BASIC_STATS,
    fields,
  );
  if (result < 0) return undefined;
  // struct statx: u32 nlink at 16, u32 uid at 20, u16 mode at 28, u64 ino at 32, u64 size at 40, u32 dev_major at 136
  const mode = fields.getUint16(28, true);
  const device = `${fields.getUint32(136, true)}:${fields.getUint32(140, true)}`;
  return {
    kind: kinds[mode & S_IFMT] ?? "a file of an unknown kind",
    isRegular: (mode & S_IFMT) === REGULAR,
    mode: mode & ~S_IFMT,
    uid: fields.getUint32(20, true),
    links: fields.getUint32(16, true),
    byteLength: Number(fields.getBigUint64(40, true)),
    identity: `${device} ${fields.getBigUint64(32, true)}`,
  };
}
