/**
 * The stream of results that a worker writes into its ring: 8-byte units.
 *
 * A number is its own 8 bytes. Everything else is a NaN whose high word starts with {@linkcode MARK}: the low 16
 * bits of the high word say what, the low word carries a length or an index. NaN itself is stored in the one form
 * that no marker uses. A result belongs to the job after the previous result's; {@linkcode SEEK} starts a new range.
 *
 * @module
 */

/** High word of a marker, before its kind is added. */
export const MARK = 0x7ffc0000;
/** What of the high word tells a marker from a number. */
export const MARK_MASK: number = 0xffff0000 | 0;
/** High word of NaN as a result. */
export const NAN_HIGH = 0x7ff80000;

/** The next result is job `low`'s. */
export const SEEK = 1;
/** Results without a payload. */
export const UNDEFINED = 2;
export const NULL = 3;
export const FALSE = 4;
export const TRUE = 5;
/** An encoded value of `low` bytes follows, padded to 8. */
export const VALUE = 6;
/** An encoded error of `low` bytes follows: user code threw. */
export const THROWN = 7;
/** An encoded error of `low` bytes follows: the package's own, such as CodecError. */
export const REFUSED = 8;
/** Two doubles follow, serial and length of a segment that holds what does not fit; `low` is one of the three above. */
export const SPILLED = 9;
/** The stream goes on at the start of the ring. */
export const WRAP = 10;

/** Longest payload that is carried in the ring itself. */
export const MAX_INLINE_BYTES: number = 2 ** 20;

/** `bytes` rounded up to whole units. */
export function padded(bytes: number): number {
  return (bytes + 7) & ~7;
}
