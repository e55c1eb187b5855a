import { figure, ranking } from "./figures.mjs";
import { median } from "./stats.mjs";

const UPSTREAM_INTEGRAL_MS = 834;
const LIBRARIES = /^(piscina|tinypool|workerpool|poolifier|multithreading)/;

/** The JavaScript library that runs most tasks a second with one promise each, in whichever runtime suits it. */
export function bestPool(results, name) {
  return ranking(results, name, "perSecond", LIBRARIES)[0];
}

function times(results, name, runtime, who) {
  const theirs = who && figure(results, name, who, "perSecond");
  const ours = figure(results, name, `sharedmem/${runtime}`, "perSecond");
  return ours && theirs ? ours / theirs : undefined;
}

/** Round by round, so that what slowed a whole round falls out. */
function integralSpeedup(results, runtime) {
  const of = (np) => results.cases[`integral-${np}`]?.[`sharedmem/${runtime}`]?.figures.laterMs?.values ?? [];
  const [alone, both] = [of(0), of(2)];
  const ratios = alone.slice(0, both.length).map((ms, k) => ms / both[k]);
  return ratios.length === 0 ? undefined : median(ratios);
}

function metric(name, key, scale = 1) {
  return (results, runtime) => {
    const value = figure(results, name, `sharedmem/${runtime}`, key);
    return value === undefined ? undefined : value * scale;
  };
}

/** A floor that the value must not exceed, in each runtime. */
export const atMost = (bun, deno = bun) => ({ bun, deno, met: (value, floor) => value <= floor, sign: "≤" });
/** A floor that the value must reach, in each runtime. */
export const atLeast = (bun, deno = bun) => ({ bun, deno, met: (value, floor) => value >= floor, sign: "≥" });

/** Every row of the table of floors: what, its unit, its floor in each runtime, how it is read from the results. */
export const floors = [
  {
    what: "10⁶ trivial jobs, first call of a process",
    unit: "ms",
    floor: atMost(250),
    value: metric("dispatch", "coldMs"),
  },
  {
    what: "10⁶ trivial jobs, later calls",
    unit: "ms",
    floor: atMost(250),
    value: metric("dispatch", "warmMs"),
  },
  {
    what: "… against `multiprocessing.Pool`, chunksize 1",
    unit: "×",
    floor: atLeast(40),
    value: (results, runtime) => times(results, "dispatch", runtime, "multiprocessing, chunksize 1"),
  },
  {
    what: "… against the best JS pool, one promise a task",
    unit: "×",
    floor: atLeast(20),
    value: (results, runtime) => times(results, "dispatch", runtime, bestPool(results, "dispatch")),
  },
  { what: "10⁴ trivial jobs, first call of a process", unit: "ms", value: metric("small", "coldMs") },
  {
    what: "10⁴ trivial jobs, later calls",
    unit: "ms",
    floor: atMost(8, 20),
    value: metric("small", "warmMs"),
  },
  {
    what: "pool + map of 2 jobs + dispose",
    unit: "ms",
    floor: atMost(6, 12),
    value: metric("start", "warmMs"),
  },
  { what: "10⁵ jobs returning `{ i, s, v: [a, b] }`", unit: "ms", value: metric("objects", "warmMs") },
  {
    what: "… against the best JS pool, one promise a task",
    unit: "×",
    floor: atLeast(10),
    value: (results, runtime) => times(results, "objects", runtime, bestPool(results, "objects")),
  },
  {
    what: "empty `critical`, alone",
    unit: "M/s",
    floor: atLeast(15, 8),
    value: metric("critical-1", "perSecond", 1e-6),
  },
  {
    what: "empty `critical`, two contending",
    unit: "M/s",
    floor: atLeast(5, 4),
    value: metric("critical-2", "perSecond", 1e-6),
  },
  {
    what: "`ordered`, np = 2, empty bodies",
    unit: "M/s",
    floor: atLeast(1),
    value: metric("ordered", "perSecond", 1e-6),
  },
  {
    what: "… every turn to the other worker",
    unit: "M/s",
    value: metric("ordered", "alternatingPerSecond", 1e-6),
  },
  {
    what: "compute-bound map, np = 2 against np = 0",
    unit: "×",
    floor: atLeast(1.9),
    value: metric("compute", "speedup"),
  },
  { what: "the integral, np = 2 against np = 0", unit: "×", floor: atLeast(1.6), value: integralSpeedup },
  {
    what: "the integral, against upstream's 0.83 s",
    unit: "×",
    floor: atLeast(2.5),
    value: (results, runtime) => {
      const ms = figure(results, "integral-2", `sharedmem/${runtime}`, "laterMs");
      return ms && UPSTREAM_INTEGRAL_MS / ms;
    },
  },
  {
    what: "an error, from event to rejection, median",
    unit: "ms",
    floor: atMost(50),
    value: metric("latency", "errorMs"),
  },
  { what: "… 99th percentile", unit: "ms", floor: atMost(50), value: metric("latency", "errorP99Ms") },
  {
    what: "a death, from event to rejection, median",
    unit: "ms",
    floor: atMost(50),
    value: metric("latency", "deathMs"),
  },
  { what: "… 99th percentile", unit: "ms", floor: atMost(50), value: metric("latency", "deathP99Ms") },
  {
    what: "master's CPU while it waits for a 2 s job",
    unit: "%",
    floor: atMost(5),
    value: metric("waiting", "cpuPercent"),
  },
  { what: "children forked from a busy master", unit: "", value: metric("storm", "children") },
  {
    what: "… hung or lost",
    unit: "",
    floor: atMost(0),
    value: (results, runtime) => {
      const hung = metric("storm", "hung")(results, runtime);
      const lost = metric("storm", "lost")(results, runtime);
      return hung === undefined || lost === undefined ? undefined : hung + lost;
    },
  },
  { what: "maps after which memory is looked at", unit: "", value: metric("memory", "maps") },
  {
    what: "… private memory kept",
    unit: "MiB",
    floor: atMost(4),
    value: metric("memory", "privateGrowthMiB"),
  },
  { what: "… descriptors kept", unit: "", floor: atMost(0), value: metric("memory", "descriptorGrowth") },
  { what: "… mappings kept", unit: "", floor: atMost(16), value: metric("memory", "mappingGrowth") },
  { what: "… child processes left", unit: "", floor: atMost(0), value: metric("memory", "childrenLeft") },
];
