/**
 * Words for error messages: what a value is, and which known name an unknown one resembles.
 *
 * @module
 */

/** What `value` is, as an error message says it: `a number (5)`, `an object (Promise)`, `undefined`. */
export function describe(value: unknown): string {
  switch (typeof value) {
    case "undefined":
      return "undefined";
    case "symbol":
      return "a symbol";
    case "function":
      return value.name ? `a function (${value.name})` : "a function";
    case "string":
      return `a string (${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)})`;
    case "bigint":
      return `a bigint (${value}n)`;
    case "object":
      return value === null ? "null" : describeObject(value);
    default:
      return `a ${typeof value} (${Object.is(value, -0) ? "-0" : value})`;
  }
}

function describeObject(value: object): string {
  if (Array.isArray(value)) return `an array of ${value.length}`;
  const name: unknown = value.constructor?.name;
  return typeof name === "string" && name !== "" && name !== "Object" ? `an object (${name})` : "an object";
}

/** ` (did you mean "chunkSize"?)` for the known name that `name` resembles, else the list of known names. */
export function suggestion(name: string, known: readonly string[]): string {
  const plain = simplified(name);
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of known) {
    const other = simplified(candidate);
    const isPart = plain.length > 2 && (other.startsWith(plain) || plain.startsWith(other));
    const distance = isPart ? 1 : editDistance(plain, other);
    if (distance < bestDistance && distance <= Math.max(plain.length, other.length) / 2) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best === undefined ? ` (there are: ${known.join(", ")})` : ` (did you mean "${best}"?)`;
}

/** `chunk_size`, `chunk-size` and `chunksize` are one name. */
function simplified(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}

/** Insertions, deletions and replacements that turn `a` into `b`; O(a·b). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
