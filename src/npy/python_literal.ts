/**
 * The literals of Python that a `.npy` header is made of: dict, list, tuple, string, integer, `True`, `False`, `None`.
 *
 * Nothing is evaluated. Time and memory are linear in the text.
 *
 * Source: numpy/lib/format.py, which writes `repr()` of a dict and reads it by `ast.literal_eval`.
 *
 * @module
 */

/** A value; integers beyond 2^53 - 1 come as bigint. */
export type PythonValue = string | number | bigint | boolean | null | PythonSequence | PythonDict;

/** `[1, 2]`, or `(1, 2)`. */
export interface PythonSequence {
  readonly kind: "list" | "tuple";
  readonly items: readonly PythonValue[];
}

/** `{'a': 1}`; the keys are strings. */
export interface PythonDict {
  readonly kind: "dict";
  readonly entries: ReadonlyMap<string, PythonValue>;
}

/** Structured types within structured types need a few. */
const MAX_DEPTH = 64;

const BLANKS = /[ \t\n\r\f]*/y;
const INTEGER = /([+-]?)(0+|[1-9][0-9]*)(L?)(?![\w.])/y;
const WORD = /(True|False|None)(?!\w)/y;
/** The part of a string up to what needs a look; a line break must be escaped. */
const PLAIN = /[^\\'"\n\r\0]+/y;
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };
const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\",
  "'": "'",
  '"': '"',
  n: "\n",
  r: "\r",
  t: "\t",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
};

/**
 * The value of a text that is one literal and nothing else but blanks.
 *
 * @throws {SyntaxError} when it is not; the message says what was wanted and where
 */
export function parsePython(text: string): PythonValue {
  const parser = new Parser(text);
  const value = parser.value(0);
  parser.end();
  return value;
}

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): PythonValue {
    if (depth > MAX_DEPTH) this.#fail(`at most ${MAX_DEPTH} levels of brackets`);
    this.#match(BLANKS);
    const character = this.#text[this.#at];
    if (character === "{") return this.#dict(depth);
    if (character === "[") return { kind: "list", items: this.#items("]", depth).items };
    if (character === "(") return this.#parenthesis(depth);
    const word = this.#match(WORD)?.[1];
    if (word !== undefined) return word === "None" ? null : word === "True";
    const integer = this.#match(INTEGER);
    if (integer !== undefined) {
      const exact = BigInt(integer[2]!) * (integer[1] === "-" ? -1n : 1n);
      const number = Number(exact);
      return Number.isSafeInteger(number) ? number : exact;
    }
    if (/^[uU]?['"]/.test(this.#peek(2))) return this.#string();
    return this.#fail("a value");
  }

  end(): void {
    this.#match(BLANKS);
    if (this.#at < this.#text.length) this.#fail("the end");
  }

  #dict(depth: number): PythonDict {
    const entries = new Map<string, PythonValue>();
    this.#at++;
    while (!this.#take("}")) {
      const key = this.value(depth + 1);
      if (typeof key !== "string") this.#fail("a string as key before here");
      if (entries.has(key)) this.#fail(`each key once, but ${JSON.stringify(key)} comes twice before here`);
      if (!this.#take(":")) this.#fail('":"');
      entries.set(key, this.value(depth + 1));
      if (this.#take("}")) break;
      if (!this.#take(",")) this.#fail('"," or "}"');
    }
    return { kind: "dict", entries };
  }

  /** `(1)` is the number, `(1,)` a tuple. */
  #parenthesis(depth: number): PythonValue {
    const { items, hasComma } = this.#items(")", depth);
    return items.length === 1 && !hasComma ? items[0]! : { kind: "tuple", items };
  }

  #items(closing: string, depth: number): { items: PythonValue[]; hasComma: boolean } {
    const items: PythonValue[] = [];
    let hasComma = false;
    this.#at++;
    while (!this.#take(closing)) {
      items.push(this.value(depth + 1));
      if (this.#take(closing)) break;
      if (!this.#take(",")) this.#fail(`"," or "${closing}"`);
      hasComma = true;
    }
    return { items, hasComma };
  }

  #string(): string {
    if (/[uU]/.test(this.#text[this.#at]!)) this.#at++;
    const quote = this.#text[this.#at++]!;
    let value = "";
    for (;;) {
      value += this.#match(PLAIN)?.[0] ?? "";
      const character = this.#text[this.#at++];
      if (character === quote) return value;
      if (character === "\\") value += this.#escape();
      else if (character === "'" || character === '"') value += character;
      else {
        this.#at--;
        this.#fail(`${quote} at the end of the string`);
      }
    }
  }

  #escape(): string {
    const letter = this.#text[this.#at++] ?? "";
    const simple = Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : undefined;
    if (simple !== undefined) return simple;
    const digits = HEX_DIGITS[letter] ?? 0;
    const hex = this.#peek(digits);
    const code = parseInt(hex, 16);
    if (digits === 0 || !/^[0-9a-fA-F]+$/.test(hex) || hex.length < digits || code > 0x10ffff) {
      this.#fail("an escape that Python knows before here");
    }
    this.#at += digits;
    return String.fromCodePoint(code);
  }

  /** Steps over a character, and blanks before it, if it comes next. */
  #take(character: string): boolean {
    this.#match(BLANKS);
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #peek(length: number): string {
    return this.#text.slice(this.#at, this.#at + length);
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text) ?? undefined;
    this.#at += match?.[0].length ?? 0;
    return match;
  }

  #fail(wanted: string): never {
    const found = this.#at < this.#text.length ? JSON.stringify(this.#peek(20)) : "its end";
    throw new SyntaxError(`wanted ${wanted} at character ${this.#at} of the header, found ${found}`);
  }
}
