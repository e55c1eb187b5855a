/**
 * One forked worker as its master sees it: the process, its doorbell, its ring.
 *
 * @module
 */
import { SIGKILL } from "../../ffi/constants.ts";
import { c, closeAll } from "../../ffi/libc.ts";
import { enterChild as enterChildMemory, setExportable } from "../memory/segment.ts";
import { forkChild, type ForkContext } from "../process/fork.ts";
import { awaitEnd, type ChildEnd, reap } from "../process/reap.ts";
import { Decoder } from "../transport/decoder.ts";
import { openChannel } from "../transport/descriptor_channel.ts";
import { openDoorbell, ringDoorbell } from "../transport/doorbell.ts";
import { Encoder } from "../transport/encoder.ts";
import { ResultReader, type SeekListener } from "../transport/result_reader.ts";
import { ResultWriter, type RingPlace } from "../transport/result_writer.ts";
import { MasterSharing, WorkerSharing } from "../transport/segment_sharing.ts";
import {
  BELL,
  type ControlMemory,
  FORKED,
  INTENT,
  jobStartAt,
  NO_INTENT,
  READ,
  SENT,
  slotAt,
  STALLED,
  STARTED,
  STATE,
  WRITE,
} from "./control.ts";
import { noteEncoded } from "./rehearsal.ts";

/** A child whose pipe has ended is a zombie within microseconds, unless it closed the pipe itself. */
const END_LIMIT_MS = 50;

/** Descriptors of this process's runs: a child has no use for them, and must not keep a pipe from ending. */
const ownDescriptors = new Set<number>();

/** What a child needs to do its work, given its rank's writer. */
export type WorkerBody = (
  rank: number,
  writer: ResultWriter,
  sharing: WorkerSharing,
) => void;

/** A worker of a run; replaced by another process when it dies while there is work. */
export class WorkerProcess {
  readonly rank: number;
  readonly #memory: ControlMemory;
  readonly #slot: number;
  readonly #place: RingPlace;
  readonly #sought: SeekListener;
  #pid = 0;
  #bell = -1;
  #channel = -1;
  #sharing: MasterSharing | undefined;
  #reader: ResultReader | undefined;
  #received = 0;
  #taken = 0;
  /** When it was forked, of `performance.now()`. */
  forkedAtMs = 0;
  /** The process id of its latest process. */
  lastPid = 0;
  /** How far into its ring any of its processes has written, in bytes. */
  furthest = 0;
  /** Whether its process was killed because it did not show in time that it had started. */
  wasSilent = false;
  /** How often in a row it died before its prologue was through. */
  failedStarts = 0;

  /** A worker of `rank` whose slot and ring lie in `memory`; `sought` is told where its chunks begin. */
  constructor(memory: ControlMemory, rank: number, sought: SeekListener) {
    this.rank = rank;
    this.#sought = sought;
    this.#memory = memory;
    this.#slot = slotAt(rank);
    this.#place = {
      ...memory.rings[rank]!,
      control: memory.words,
      write: this.#slot + WRITE,
      read: this.#slot + READ,
      stalled: this.#slot + STALLED,
    };
  }

  /** Its process id; 0 when there is no process. */
  get pid(): number {
    return this.#pid;
  }

  /** The pipe that becomes readable when there is news and ends with the process. */
  get bell(): number {
    return this.#bell;
  }

  /** The reader of its results. */
  get reader(): ResultReader {
    return this.#reader!;
  }

  /** How many results this worker's processes have delivered. */
  get received(): number {
    return this.#received + (this.#reader?.received ?? 0);
  }

  /** The state word of its slot. */
  get state(): number {
    return Atomics.load(this.#memory.words, this.#slot + STATE);
  }

  /** Forks the process. Blocks for some milliseconds. */
  fork(context: ForkContext, body: WorkerBody): void {
    const { words } = this.#memory;
    words[this.#slot + STATE] = FORKED;
    words[this.#slot + BELL] = 0;
    words[this.#slot + STALLED] = 0;
    words[this.#slot + SENT] = 0;
    words[this.#slot + INTENT] = NO_INTENT;
    this.#memory.doubles[jobStartAt(this.rank)] = 0;
    this.#taken = 0;
    const bell = openDoorbell();
    let channel: ReturnType<typeof openChannel>;
    try {
      channel = openChannel();
    } catch (error) {
      closeAll(bell.read, bell.write);
      throw error;
    }
    this.forkedAtMs = performance.now();
    this.wasSilent = false;
    try {
      this.#pid = forkChild(
        context,
        () => Atomics.store(words, this.#slot + STATE, STARTED),
        () => this.#runInChild(body, bell.write, channel.worker, [bell.read, channel.master]),
      );
    } catch (error) {
      closeAll(bell.read, bell.write, channel.master, channel.worker);
      throw error;
    }
    this.lastPid = this.#pid;
    closeAll(bell.write, channel.worker);
    this.#bell = bell.read;
    this.#channel = channel.master;
    ownDescriptors.add(bell.read).add(channel.master);
    this.#sharing = new MasterSharing(channel.master);
    this.#received = this.received;
    this.#reader = new ResultReader(this.#place, new Decoder(this.#sharing), this.#sharing.readSpill, {
      rank: this.rank,
      pid: this.#pid,
    }, this.#sought);
  }

  /** The child: everything of the parent's runs is closed, then `body`. */
  #runInChild(body: WorkerBody, bell: number, channel: number, others: readonly number[]): void {
    closeAll(...others, ...ownDescriptors);
    ownDescriptors.clear();
    // a grandchild closes these in turn
    ownDescriptors.add(bell).add(channel);
    enterChildMemory();
    setExportable(true);
    const { words } = this.#memory;
    const ring = (): void => {
      if (Atomics.exchange(words, this.#slot + BELL, 1) === 0) ringDoorbell(bell);
    };
    const sharing = new WorkerSharing(
      channel,
      c.getppid(),
      () => Atomics.add(words, this.#slot + SENT, 1),
      ring,
    );
    const writer = new ResultWriter(this.#place, new Encoder(sharing), sharing, ring);
    body(this.rank, writer, sharing);
  }

  /** Answers the bell: what is published from here on rings again. */
  answer(): void {
    const { words } = this.#memory;
    Atomics.store(words, this.#slot + BELL, 0);
    const sent = Atomics.load(words, this.#slot + SENT);
    if (sent !== this.#taken) {
      this.#taken = sent;
      this.#sharing!.receive();
    }
  }

  /** Sends a signal to the process, which cannot have been reaped by anyone else. */
  signal(signal: number): void {
    if (this.#pid !== 0) c.kill(this.#pid, signal);
  }

  /** Ends and removes the process after its pipe has ended; `beforeReap` runs while its process id is still its own. */
  bury(beforeReap: (pid: number) => void): ChildEnd {
    const pid = this.#pid;
    let end = awaitEnd(pid, END_LIMIT_MS);
    while (end === undefined) {
      c.kill(pid, SIGKILL);
      end = awaitEnd(pid, 1000);
    }
    beforeReap(pid);
    reap(pid);
    this.#sharing?.close();
    closeAll(this.#bell, this.#channel);
    ownDescriptors.delete(this.#bell);
    ownDescriptors.delete(this.#channel);
    this.furthest = Math.max(this.furthest, this.#reader!.furthest);
    noteEncoded(this.#reader!.encoded);
    this.#pid = 0;
    return end;
  }
}
