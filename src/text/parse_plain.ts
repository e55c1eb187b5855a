/**
 * Lines of bytes into rows of doubles, where they are plain: the loop that `loadtxt` mostly spends its time in.
 *
 * @module
 */
import type { Progress, Text } from "./parse_rows.ts";
import { dividedPowers, exactPowers, LEAST_POWER, MOST_POWER, POWER_STRIDE, powersOfFive } from "./powers.ts";
import { areDigits, fourDigits, restOfProduct, UNSURE } from "./scan_number.ts";

const TWO_53 = 2 ** 53;

/**
 * Parses lines of plain numbers, each with the same separator behind it, up to the first line that is anything else:
 * other numbers of fields, comments, nothing, names, `+`, a number that is hard to round. That one is for `parseRows`.
 *
 * Everything is in one function: a call costs as much as four digits. As `scanDouble`, but digits are summed up as
 * integers as long as they are few.
 *
 * @param first where in `target` the first number goes
 * @param separator a byte that comes between two numbers, and `other` another one, or the same
 * @param skipped a byte that may come before a number any number of times, -1 for none
 * @returns how many rows there were; `progress.position` is the line that comes next
 */
export function parsePlain(
  { bytes, words }: Text,
  from: number,
  to: number,
  target: Float64Array,
  first: number,
  limit: number,
  columns: number,
  separator: number,
  other: number,
  skipped: number,
  progress: Progress,
): number {
  let p = from | 0;
  let at = first | 0;
  let rows = 0;
  let line = p;
  rows: for (; p < to && rows < limit; rows++) {
    line = p;
    for (let column = columns; column > 0; column--) {
      let c = bytes[p]!;
      while (c === skipped) c = bytes[++p]!;
      const isNegative = c === 45;
      if (isNegative) c = bytes[++p]!;
      const start = p;
      let head = 0;
      while (c >= 48 && c <= 57) {
        head = (Math.imul(head, 10) + c - 48) | 0;
        c = bytes[++p]!;
      }
      let digits = p - start;
      if (digits === 0) break rows;
      let x = head;
      if (digits > 9) {
        if (digits > 15) break rows;
        x = 0;
        for (let k = start; k < p; k++) x = x * 10 + (bytes[k]! - 48);
      }
      let y = 0;
      let m = 0;
      let q = 0;
      if (c === 46) {
        const point = ++p;
        let word = words.getInt32(p, true);
        if (areDigits(word)) {
          let tail = fourDigits(word);
          p += 4;
          word = words.getInt32(p, true);
          if (areDigits(word)) {
            tail = tail * 10000 + fourDigits(word);
            p += 4;
            if (digits > 7) break rows;
            x = x * 100000000 + tail;
            word = words.getInt32(p, true);
            if (areDigits(word)) {
              y = fourDigits(word);
              m = 4;
              p += 4;
              word = words.getInt32(p, true);
              if (areDigits(word)) {
                y = y * 10000 + fourDigits(word);
                m = 8;
                p += 4;
              }
            }
            c = bytes[p]!;
            while (c >= 48 && c <= 57) {
              y = y * 10 + (c - 48);
              m++;
              c = bytes[++p]!;
            }
            if (m > 15) break rows;
          } else {
            c = bytes[p]!;
            while (c >= 48 && c <= 57) {
              tail = (Math.imul(tail, 10) + c - 48) | 0;
              c = bytes[++p]!;
            }
            if (digits > 8) break rows;
            x = x * exactPowers[p - point]! + tail;
          }
        } else {
          c = bytes[p]!;
          if (digits <= 6) {
            // three more digits at most
            while (c >= 48 && c <= 57) {
              head = (Math.imul(head, 10) + c - 48) | 0;
              c = bytes[++p]!;
            }
            x = head;
          } else if (digits <= 12) {
            while (c >= 48 && c <= 57) {
              x = x * 10 + (c - 48);
              c = bytes[++p]!;
            }
          } else break rows;
        }
        q = point - p;
        digits -= q;
      }
      if (c === 101 || c === 69) {
        c = bytes[++p]!;
        const isBelow = c === 45;
        if (isBelow || c === 43) c = bytes[++p]!;
        const power = p;
        let e = 0;
        while (c >= 48 && c <= 57) {
          e = (Math.imul(e, 10) + c - 48) | 0;
          c = bytes[++p]!;
        }
        if (p === power || p - power > 4) break rows;
        q = isBelow ? q - e : q + e;
      }
      // from here on as scanDouble
      let value: number;
      if (m === 0 && q >= -22 && q <= 22) {
        // up to 15 digits: one rounding (Clinger)
        value = q < 0 ? x / exactPowers[-q]! : x * exactPowers[q]!;
      } else {
        if (x * powersOfFive[m]! >= TWO_53) {
          const low = x % 256;
          x -= low;
          y += low * exactPowers[m]!;
          if (x * powersOfFive[m]! >= 256 * TWO_53 || y >= TWO_53) break rows;
        }
        const product = x * exactPowers[m]!;
        const w = product + y;
        if (q < LEAST_POWER || q > MOST_POWER || w === 0) break rows;
        const power = POWER_STRIDE * (q - LEAST_POWER);
        const high = dividedPowers[power]!;
        // made by makeCommonPowers(), or by scanDouble for this line
        if (high === 0) break rows;
        const r = w * high;
        const error = restOfProduct(w, r, dividedPowers[power + 2]!, dividedPowers[power + 3]!);
        const low = error + (w * dividedPowers[power + 1]! + (y - (w - product)) * high);
        const unsure = r * UNSURE;
        value = r + low;
        if (r + (low + unsure) !== value || r + (low - unsure) !== value) break rows;
      }
      target[at++] = isNegative ? -value : value;
      if (column > 1) {
        if (c !== separator && c !== other) break rows;
      } else if (c !== 10) {
        if (c !== 13 || bytes[++p] !== 10) break rows;
      }
      p++;
    }
    line = p;
  }
  progress.position = line;
  return rows;
}
