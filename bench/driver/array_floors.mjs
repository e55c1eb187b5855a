import { figure } from "./figures.mjs";
import { atLeast, atMost } from "./floors.mjs";
import { sortCase } from "./plan/arrays.mjs";
import { fastestNumpy } from "./tables/argsort.mjs";
import { parseRate } from "./tables/files.mjs";

const C_ARGSORT = "C, partition + radix, 2 threads";
const C_READS = "C, reads, 2 threads";

function ours(results, name, runtime, metric) {
  return figure(results, name, `sharedmem/${runtime}`, metric);
}

function quotient(a, b) {
  return a === undefined || b === undefined ? undefined : a / b;
}

/** Their time over ours for random data: a first call against a first call, later ones against later ones. */
function against(what, type, n, theirs, metric = "coldNs") {
  const name = sortCase(what, type, "random", n);
  return (results, runtime) =>
    quotient(fastestNumpy(results, name)[theirs], ours(results, name, runtime, metric));
}

function numpyRows(title, type, n, byDefault, stable) {
  return [
    {
      what: `argsort ${title}, first call of a process, against NumPy 2's default`,
      unit: "×",
      floor: atLeast(byDefault),
      value: against("argsort", type, n, "cold"),
    },
    ...(stable === undefined ? [] : [{
      what: "… against NumPy 2's stable sort (ours is stable)",
      unit: "×",
      floor: atLeast(stable),
      value: against("argsort", type, n, "stableCold"),
    }]),
  ];
}

function neverSlower(title, n) {
  return [
    ...numpyRows(title, "f8", n, 1),
    {
      what: "… later calls",
      unit: "×",
      floor: atLeast(1),
      value: against("argsort", "f8", n, "later", "medianNs"),
    },
  ];
}

function overC(results, runtime) {
  const name = sortCase("argsort", "f8", "random", 1e7);
  return quotient(ours(results, name, runtime, "medianNs"), figure(results, name, C_ARGSORT, "medianNs"));
}

function overBuiltin(metric) {
  const name = sortCase("sort", "f8", "random", 1e7);
  return (results, runtime) =>
    quotient(
      figure(results, name, `Float64Array.sort/${runtime}`, metric),
      ours(results, name, runtime, metric),
    );
}

function readShare(what) {
  return (results, runtime) => {
    const share = quotient(ours(results, "reduce", runtime, what), figure(results, "reduce", C_READS, "GBs"));
    return share && 100 * share;
  };
}

function overFromfile(metric, theirs) {
  return (results, runtime) =>
    quotient(figure(results, "from_file", "numpy", theirs), ours(results, "from_file", runtime, metric));
}

/** Our megabytes a second over those of the fastest whose name matches. */
function overParsers(kind, pattern, metric) {
  const name = `loadtxt-${kind}`;
  return (results, runtime) => {
    const theirs = Object.keys(results.cases[name] ?? {})
      .filter((who) => pattern.test(who))
      .map((who) => parseRate(results, name, who, metric))
      .filter((rate) => rate !== undefined);
    if (theirs.length === 0) return undefined;
    return quotient(parseRate(results, name, `sharedmem/${runtime}`, metric), Math.max(...theirs));
  };
}

function textRows(kind, example) {
  return [
    ["`numpy.loadtxt`", /^numpy$/],
    ["the best JavaScript parser", /^(?!sharedmem|numpy)/],
  ].flatMap(([who, pattern]) => [
    {
      what: `loadtxt, ${kind} numbers (${example}), first call, against ${who}`,
      unit: "×",
      floor: atLeast(5),
      value: overParsers(kind, pattern, "firstMs"),
    },
    { what: "… later calls", unit: "×", value: overParsers(kind, pattern, "totalMs") },
  ]);
}

/** The floors of the array side, as those of `floors.mjs`. */
export const arrayFloors = [
  ...numpyRows("f8 10⁷", "f8", 1e7, 4.5, 13),
  ...numpyRows("f8 10⁸", "f8", 1e8, 10, 20),
  ...["i4", "f4", "i8"].flatMap((type) => numpyRows(`${type} 10⁷`, type, 1e7, 3)),
  ...neverSlower("f8 10⁵", 1e5),
  ...neverSlower("f8 10⁶", 1e6),
  {
    what: "argsort f8 10⁷, later calls: time over that of C with two threads",
    unit: "×",
    floor: atMost(1.2),
    value: overC,
  },
  ...["f8", "f4"].map((type) => ({
    what: `argsort ${type} 10⁷: memory besides keys and result, over that of the keys`,
    unit: "×",
    floor: atMost(2.5),
    value: (results, runtime) => ours(results, `argsort_memory-${type}`, runtime, "extraShare"),
  })),
  {
    what: "sort f8 10⁷, first call, against this runtime's `Float64Array.sort`",
    unit: "×",
    floor: atLeast(2, 8),
    value: overBuiltin("coldNs"),
  },
  { what: "… later calls", unit: "×", value: overBuiltin("medianNs") },
  {
    what: "… against NumPy 2's sort, first call",
    unit: "×",
    value: against("sort", "f8", 1e7, "cold"),
  },
  {
    what: "… against NumPy 2's sort, later calls",
    unit: "×",
    value: against("sort", "f8", 1e7, "later", "medianNs"),
  },
  ...["sum", "min", "max"].map((what) => ({
    what: `${what} of 1 GiB, np = 2: share of what C reads with two threads`,
    unit: "%",
    floor: atLeast(90),
    value: readShare(`${what}GBs`),
  })),
  {
    what: "fromFile + sum of 1 GiB, first call, against NumPy's `fromfile` + `sum`",
    unit: "×",
    floor: atLeast(1.5),
    value: overFromfile("firstMs", "firstMs"),
  },
  {
    what: "… later calls",
    unit: "×",
    floor: atLeast(1.5),
    value: overFromfile("mappedMs", "totalMs"),
  },
  ...textRows("long", "17 digits"),
  ...textRows("short", "2 decimals"),
];
