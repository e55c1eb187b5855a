/**
 * Hands descriptors from a worker to its master: `SCM_RIGHTS` over a socket pair. A descriptor that is on its way
 * outlives the process that sent it.
 *
 * @module
 */
import {
  AF_UNIX,
  EAGAIN,
  EINTR,
  MSG_CMSG_CLOEXEC,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  O_CLOEXEC,
  POLLOUT,
  SCM_RIGHTS,
  SOCK_SEQPACKET,
  SOL_SOCKET,
} from "../../ffi/constants.ts";
import { backend, c, checked, errno, systemCallError } from "../../ffi/libc.ts";

const MSGHDR_BYTES = 56;
const IOVEC_BYTES = 16;
const CMSG_BYTES = 24;
const CMSG_LENGTH = 20;
/** A full socket is tried again after the master was rung. */
const FULL_SLICE_MS = 50;

/** Both ends; each process keeps one and closes the other. */
export function openChannel(): { readonly master: number; readonly worker: number } {
  const ends = new Int32Array(2);
  checked("socketpair", c.socketpair(AF_UNIX, SOCK_SEQPACKET | O_CLOEXEC, 0, ends));
  return { master: ends[0]!, worker: ends[1]! };
}

/** One message: a number and a descriptor. Laid out once, used for every call. */
class Message {
  // struct msghdr { name, namelen, iov, iovlen, control, controllen, flags }
  readonly header = new DataView(new ArrayBuffer(MSGHDR_BYTES));
  readonly #iovec = new DataView(new ArrayBuffer(IOVEC_BYTES));
  // struct cmsghdr { size_t len; int level; int type; int fd; }
  readonly control = new DataView(new ArrayBuffer(CMSG_BYTES));
  readonly data = new Float64Array(1);

  constructor() {
    const address = (view: ArrayBufferView): bigint => BigInt(backend.addressOf(view));
    this.#iovec.setBigUint64(0, address(this.data), true);
    this.#iovec.setBigUint64(8, 8n, true);
    this.header.setBigUint64(16, address(this.#iovec), true);
    this.header.setBigUint64(24, 1n, true);
    this.header.setBigUint64(32, address(this.control), true);
    this.reset();
  }

  reset(): void {
    this.header.setBigUint64(40, BigInt(CMSG_BYTES), true);
    this.control.setBigUint64(0, BigInt(CMSG_LENGTH), true);
    this.control.setInt32(8, SOL_SOCKET, true);
    this.control.setInt32(12, SCM_RIGHTS, true);
  }
}

let shared: Message | undefined;

/**
 * Sends `descriptor` under the name `serial`; calls `whenFull` and waits while the master has too many unread. Blocks.
 *
 * @throws {SystemCallError} when the master has closed its end
 */
export function sendDescriptor(
  socket: number,
  serial: number,
  descriptor: number,
  whenFull: () => void,
): void {
  const message = shared ??= new Message();
  for (;;) {
    message.reset();
    message.data[0] = serial;
    message.control.setInt32(16, descriptor, true);
    if (c.sendmsg(socket, message.header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return;
    if (errno() === EAGAIN) {
      whenFull();
      c.poll(new Int32Array([socket, POLLOUT]), 1, FULL_SLICE_MS);
    } else if (errno() !== EINTR) throw systemCallError("sendmsg", `descriptor ${descriptor}`);
  }
}

/**
 * The next descriptor that has arrived, close-on-exec, the caller's own; -1 in its place when this process had no room
 * for one more: the kernel has dropped it then. `undefined` when there is none.
 *
 * @throws {SystemCallError} when the kernel cannot tell
 */
export function receiveDescriptor(socket: number): { serial: number; descriptor: number } | undefined {
  const message = shared ??= new Message();
  for (;;) {
    message.reset();
    const count = c.recvmsg(socket, message.header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count === 8) {
      // the kernel says how much of the control part it has written; what stands there may be older
      const hasArrived = message.header.getBigUint64(40, true) >= BigInt(CMSG_LENGTH);
      const descriptor = hasArrived ? message.control.getInt32(16, true) : -1;
      return { serial: message.data[0]!, descriptor };
    }
    if (count >= 0 || errno() === EAGAIN) return undefined;
    if (errno() !== EINTR) throw systemCallError("recvmsg");
  }
}
