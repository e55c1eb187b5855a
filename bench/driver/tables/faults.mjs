import { figure } from "../figures.mjs";
import { failures, number, OURS, table } from "./format.mjs";

/** Errors, deaths, waiting, the storm of forks, memory. */
export function faultTable(results) {
  const row = (what, name, metric) => [what, ...OURS.map((us) => number(figure(results, name, us, metric)))];
  return table(["", "Bun", "Deno"], [
    row("error: median, ms", "latency", "errorMs"),
    row("error: 99th percentile, ms", "latency", "errorP99Ms"),
    row("error: slowest, ms", "latency", "errorMaxMs"),
    row("death: median, ms", "latency", "deathMs"),
    row("death: 99th percentile, ms", "latency", "deathP99Ms"),
    row("death: slowest, ms", "latency", "deathMaxMs"),
    row("waiting 2 s: master's CPU, ms", "waiting", "cpuMs"),
    row("waiting 2 s: a timer of 100 ms came late by at most, ms", "waiting", "lateMs"),
    row("fork storm: children", "storm", "children"),
    row("fork storm: hung", "storm", "hung"),
    row("fork storm: lost", "storm", "lost"),
    row("fork storm: ms a child", "storm", "msPerChild"),
    row("fork storm: slowest map of 8, ms", "storm", "slowestMapMs"),
    row("fork storm: HTTP requests served meanwhile", "storm", "requests"),
    row("fork storm: HTTP requests failed", "storm", "failedRequests"),
    row("memory: maps", "memory", "maps"),
    row("memory: private before, MiB", "memory", "privateBeforeMiB"),
    row("memory: growth, MiB", "memory", "privateGrowthMiB"),
    row("memory: growth before a collection, MiB", "memory", "privateUncollectedMiB"),
    row("memory: descriptors more", "memory", "descriptorGrowth"),
    row("memory: descriptors more before a collection", "memory", "descriptorsUncollected"),
    row("memory: mappings more", "memory", "mappingGrowth"),
    row("memory: mappings more before a collection", "memory", "mappingsUncollected"),
  ]) + ["latency", "waiting", "storm", "memory"].map((name) => failures(results, name)).join("");
}
