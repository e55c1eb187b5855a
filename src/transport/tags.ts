/**
 * The first byte of every encoded value.
 *
 * ```
 *  0…39     a type from the list below, then its payload
 * 64…127    a string of 0…63 Latin-1 characters, which follow
 * 128…255   an integer, -16…111
 * ```
 *
 * Lengths and ids are written as "uint": one byte up to 253, or 254 and a u32, or 255 and an f64. Everything is
 * little-endian and unaligned. A message stands alone: it refers to nothing outside itself but shared segments.
 *
 * @module
 */

/** `undefined` */
export const UNDEFINED = 0;
/** `null` */
export const NULL = 1;
/** `false` */
export const FALSE = 2;
/** `true` */
export const TRUE = 3;
/** i16 */
export const INT16 = 4;
/** i32 */
export const INT32 = 5;
/** f64 */
export const DOUBLE = 6;
/** i64, arrives as a bigint */
export const BIGINT64 = 7;
/** a longer bigint: one byte for the sign, then its hexadecimal digits as a string */
export const BIGINT = 8;
/** u32 byte length, Latin-1 */
export const LATIN1 = 9;
/** u32 byte length, UTF-8 */
export const UTF8 = 10;
/** u32 byte length, UTF-16: a string with lone surrogates */
export const UTF16 = 11;
/** uint: an object that came earlier, counted from 0 in the order of arrival */
export const REFERENCE = 12;
/** uint length, values */
export const ARRAY = 13;
/** uint length, uint count of own properties, (name, value) pairs: an array with holes or named properties */
export const SPARSE_ARRAY = 14;
/** uint length, f64s: an array of numbers that are not small integers */
export const NUMBERS = 15;
/** a shape (see `codec_shapes.ts`), then its values: an object of few, short keys */
export const SHAPED = 16;
/** uint: a shape that came earlier in the message, then its values */
export const SHAPED_AGAIN = 17;
/** uint count, (name, value) pairs */
export const OBJECT = 18;
/** like OBJECT, without a prototype */
export const NULL_OBJECT = 19;
/** uint count, (key, value) pairs */
export const MAP = 20;
/** uint count, values */
export const SET = 21;
/** one byte, which of the `LEAF_…`, then a primitive that it is made from */
export const LEAF = 22;
/** uint byte length, bytes: an ArrayBuffer */
export const BUFFER = 23;
/** uints: serial, offset, byte length, descriptor + 1: a buffer over shared memory, see `SharedReference` */
export const SHARED_BUFFER = 24;
/** view type, uint byte length, bytes: a view of private memory that covers a part of its buffer */
export const VIEW = 25;
/** view type, uint byte length, bytes: a view of private memory and the buffer, all of which it covers */
export const WHOLE_VIEW = 30;
/** view type, uint byte offset, uint length in elements, then the buffer as a value */
export const VIEW_OF = 26;
/** uint dimensions, a (shape, stride) pair for each, offset, then the data as a value */
export const NDARRAY = 27;
/** see `error_record.ts` */
export const ERROR = 28;
/** the tag of a container (ARRAY, OBJECT, NULL_OBJECT, MAP, SET) whose contents follow after the message's value */
export const DEFERRED = 29;

/** Tag of the empty string; the length is added. */
export const SHORT_STRING = 64;
/** The first length that does not fit `SHORT_STRING`. */
export const SHORT_STRING_LIMIT = 64;
/** Tag of the integer 0; the integer is added. */
export const SMALL_INT = 144;
/** The least integer of one byte. */
export const SMALL_INT_MIN = -16;
/** The greatest integer of one byte. */
export const SMALL_INT_MAX = 111;

/** `Date`, from its time */
export const LEAF_DATE = 0;
/** `RegExp`, from `flags/source` */
export const LEAF_REGEXP = 1;
/** `Object(primitive)` */
export const LEAF_BOXED = 2;
/** `URL`, from its href */
export const LEAF_URL = 3;
/** `URLSearchParams`, from its text */
export const LEAF_URL_SEARCH_PARAMS = 4;

/** How deep containers nest before their contents are deferred: what bounds the use of the stack. */
export const MAX_DEPTH = 200;
