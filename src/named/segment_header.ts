/**
 * What the header of a segment says, checked against the file.
 *
 * @module
 */
import { readFully } from "../../ffi/files.ts";
import { FormatError } from "../errors.ts";
import { itemBytes, type ShortDType } from "../memory/dtype.ts";
import { headerBytes, parseHeader, PREFIX_BYTES } from "../npy/header.ts";

/** Where and what the elements of a segment are. */
export interface SegmentLayout {
  readonly dtype: ShortDType;
  /** Length of each dimension. */
  readonly shape: readonly number[];
  /** Whether the first index runs fastest. */
  readonly fortran: boolean;
  /** Where the data begins, in bytes. */
  readonly dataOffset: number;
  readonly dataBytes: number;
}

/**
 * Reads the header of a file.
 *
 * @param byteLength of the file
 * @param what is named in errors, e.g. `attach("A"): /dev/shm/sharedmem-A.npy`
 * @throws {FormatError} when it is no `.npy` file, is damaged, or shorter than its header says, or holds what cannot be
 *   used in place: more than one type, another byte order, elements that are not aligned
 */
export function readLayout(fd: number, byteLength: number, what: string): SegmentLayout {
  const prefix = readBytes(fd, PREFIX_BYTES, what);
  const headerLength = headerBytes(prefix, what);
  const header = readBytes(fd, Math.min(headerLength, byteLength), what);
  const { dtype, byteOrder, shape, fortran, dataOffset, dataBytes } = parseHeader(header, what);
  if (typeof dtype !== "string") throw new FormatError(`${what}: holds rows of several types: not supported`);
  const unit = itemBytes(dtype);
  if (unit > 1 && byteOrder !== "little") {
    throw new FormatError(
      `${what}: holds big-endian numbers, wanted little-endian ones, as they are used in place`,
    );
  }
  if (dataOffset + dataBytes > byteLength) {
    throw new FormatError(
      `${what}: is cut off: its header promises ${dataBytes} bytes from ${dataOffset} on, it has ${byteLength}`,
    );
  }
  if (dataOffset % unit !== 0) {
    throw new FormatError(`${what}: its data begins at ${dataOffset}, wanted a multiple of ${unit} bytes`);
  }
  return { dtype, shape, fortran, dataOffset, dataBytes };
}

/** The beginning of the file. */
function readBytes(fd: number, count: number, what: string): Uint8Array {
  const bytes = new Uint8Array(count);
  return bytes.subarray(0, readFully(fd, bytes, 0, what));
}
