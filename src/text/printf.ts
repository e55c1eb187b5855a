/**
 * Numbers as C and Python print them: `%[flags][width][.precision]` and one of `d i u f F e E g G s`.
 *
 * JavaScript's `toFixed` and `toExponential` take every digit from the exact value, as C does, but round a tie up,
 * where C rounds it to even.
 *
 * Source: printf(3).
 *
 * @module
 */
import { describe } from "../describe.ts";

/** Makes the text of a number. */
export type NumberFormat = (value: number | bigint) => string;

const SPEC = /^((?:[^%]|%%)*)%([-+ 0]*)(\d*)(?:\.(\d*))?([diufFeEgGs])((?:[^%]|%%)*)$/;
const MAX_DIGITS = 100;

/**
 * The format that a text describes.
 *
 * @param shortest makes the shortest text that reads back to the same number
 * @param what is named in errors, e.g. `savetxt()`
 * @throws {TypeError} when it is no such text
 * @throws {RangeError} when it wants more than 100 digits
 */
export function parseFormat(fmt: unknown, shortest: NumberFormat, what: string): NumberFormat {
  if (fmt === "shortest") return shortest;
  const match = typeof fmt === "string" ? SPEC.exec(fmt) : null;
  if (match === null) {
    throw new TypeError(
      `${what} wants "shortest" or one number's format such as "%.18e", "%d" or "%8.3f" as fmt, ` +
        `got ${describe(fmt)}`,
    );
  }
  const [, before, flags, width, precision, conversion, after] = match;
  const digits = precision === undefined ? undefined : Number(precision);
  if (Number(width) > 1000 || (digits ?? 0) > MAX_DIGITS) {
    throw new RangeError(
      `${what} wants a width of up to 1000 and up to 100 digits in fmt, got ${describe(fmt)}`,
    );
  }
  const convert = conversionOf(conversion!, digits, shortest, what);
  const [head, tail] = [before!, after!].map((text) => text.replaceAll("%%", "%"));
  const pad = paddingOf(flags!, Number(width));
  return (value) => head + pad(convert(value)) + tail;
}

function conversionOf(
  letter: string,
  precision: number | undefined,
  shortest: NumberFormat,
  what: string,
): NumberFormat {
  if (letter === "s") return shortest;
  if ("diu".includes(letter)) return (value) => integerText(value, precision ?? 1, what);
  const digits = precision ?? 6;
  const lower = letter.toLowerCase();
  const magnitude = lower === "f" ? fixedText : lower === "e" ? exponentialText : generalText;
  return (value) => {
    const text = signed(Number(value), (x) => Number.isFinite(x) ? magnitude(x, digits) : namedText(x));
    return letter === lower ? text : text.toUpperCase();
  };
}

function signed(x: number, text: (magnitude: number) => string): string {
  return x < 0 || Object.is(x, -0) ? `-${text(-x)}` : text(x);
}

function namedText(x: number): string {
  return x === Infinity ? "inf" : "nan";
}

/** As Python, `%d` cuts off the fraction. */
function integerText(value: number | bigint, digits: number, what: string): string {
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new RangeError(`${what} cannot write ${value} as an integer`);
  }
  const whole = BigInt(typeof value === "number" ? Math.trunc(value) : value);
  const text = (whole < 0n ? -whole : whole).toString().padStart(digits, "0");
  return whole < 0n ? `-${text}` : text;
}

/** `%f` of a finite number from 0 on. */
function fixedText(x: number, digits: number): string {
  // toFixed ends here, and every double is an integer
  if (x >= 1e21) return BigInt(x).toString() + (digits > 0 ? `.${"0".repeat(digits)}` : "");
  const text = x.toFixed(digits);
  // a tie has one binary digit more than decimal ones, at most; then one decimal digit more is exact
  if (digits === MAX_DIGITS || !Number.isInteger(x * 2 ** (digits + 1))) return text;
  return evenTie(x.toFixed(digits + 1), text);
}

/** `%e` of a finite number from 0 on. */
function exponentialText(x: number, digits: number): string {
  const [mantissa, exponent] = x.toExponential(digits).split("e") as [string, string];
  const power = exponent.replace(/^([+-])(\d)$/, "$10$2");
  if (digits === MAX_DIGITS) return `${mantissa}e${power}`;
  const [more] = x.toExponential(digits + 1).split("e") as [string];
  if (!more.endsWith("5")) return `${mantissa}e${power}`;
  // forty digits more are zeros only where all are
  const [all] = x.toExponential(Math.min(MAX_DIGITS, digits + 41)).split("e") as [string];
  const isTie = !/[1-9]/.test(all.slice(more.length));
  if (!isTie) return `${mantissa}e${power}`;
  const even = evenTie(more, mantissa);
  // 9.5 became 1e+1, and is even so
  const isCarried = mantissa.startsWith("1") && more.startsWith("9");
  return `${isCarried ? mantissa : even}e${power}`;
}

/** `%g` of a finite number from 0 on. */
function generalText(x: number, precision: number): string {
  const digits = Math.max(1, precision);
  const [mantissa, exponent] = exponentialText(x, digits - 1).split("e") as [string, string];
  const power = Number(exponent);
  if (power >= -4 && power < digits) return withoutZeros(fixedText(x, digits - 1 - power));
  return `${withoutZeros(mantissa)}e${exponent}`;
}

function withoutZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** Of a text with one digit more that ends with 5, and the text rounded up: the one whose last digit is even. */
function evenTie(more: string, up: string): string {
  if (!more.endsWith("5")) return up;
  const down = more.slice(0, -1).replace(/\.$/, "");
  return Number(down.at(-1)) % 2 === 0 ? down : up;
}

function paddingOf(flags: string, width: number): (text: string) => string {
  const plus = flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  const isLeft = flags.includes("-");
  const isZero = flags.includes("0") && !isLeft;
  if (plus === "" && width === 0) return (text) => text;
  return (text) => {
    const isBelow = text.startsWith("-");
    const sign = isBelow ? "-" : plus;
    const body = isBelow ? text.slice(1) : text;
    const room = Math.max(0, width - sign.length);
    if (isLeft) return (sign + body).padEnd(width);
    // even "nan", as in Python and unlike C
    return isZero ? sign + body.padStart(room, "0") : (sign + body).padStart(width);
  };
}
