import { suggestion } from "../kernel/spelling.ts";
import { isThresholdMetric, metricNames, THRESHOLD_METRICS } from "../telemetry/metrics.ts";
import { parseThreshold } from "../telemetry/threshold.ts";
import type { Path } from "./document.ts";
import { isProblem, parseExpectation } from "./expectation.ts";
import { type Nameable, nameProblems } from "./expectation-names.ts";
import { COMMON_FLOW_FIELDS, FLOW_FIELDS, type FlowKind } from "./flow-schema.ts";
import { requestMisfits } from "./request-semantics.ts";
import { savingMisfits } from "./saving-semantics.ts";
import { MESSAGE_PARTS, MODES, type Scenario } from "./schema.ts";
import type { SemanticProblem } from "./semantic-problem.ts";
import { transportMisfits } from "./transport-semantics.ts";

/** Most arrivals one tape may hold. */
export const MAX_ARRIVALS = 1e9;

/** What a schema cannot say: fields that must fit each other. `inFile`: what was written before flags changed it. */
export function semanticProblems(scenario: Scenario, written: unknown, inFile: unknown = written): SemanticProblem[] {
  return [...misfits(scenario, written), ...expectMisfits(scenario, written, inFile)];
}

/** What expectations get wrong. They may speak of what the file runs and sweeps, though a flag asks for less this time. */
function expectMisfits(scenario: Scenario, written: unknown, inFile: unknown): SemanticProblem[] {
  const spokenOf = nameable(scenario, inFile);
  const rules = (written as { expect?: unknown }).expect;
  return (scenario.expect ?? []).flatMap(({ that }, i) => {
    const expectation = parseExpectation(that);
    const problems = isProblem(expectation) ? [expectation] : nameProblems(expectation, spokenOf);
    const short = Array.isArray(rules) && typeof rules[i] === "string";
    const path: Path = short ? ["expect", i] : ["expect", i, "that"];
    return problems.map(({ at, rule, got }) => ({ path, message: rule, within: { at, got } }));
  });
}

function nameable({ workload, modes, sweep = {} }: Scenario, inFile: unknown): Nameable {
  const { modes: allModes = MODES, sweep: whole } = (typeof inFile === "object" && inFile !== null ? inFile : {}) as {
    readonly modes?: unknown;
    readonly sweep?: unknown;
  };
  const named = MODES.filter((mode) => modes.includes(mode) || (Array.isArray(allModes) && allModes.includes(mode)));
  const axes = Object.entries(typeof whole === "object" && whole !== null ? whole : {}).filter(([, values]) => Array.isArray(values));
  const fields = [...new Set([...axes.map(([field]) => field), ...Object.keys(sweep)])];
  const valuesOf = (field: string) => [...((axes.find(([one]) => one === field)?.[1] as unknown[]) ?? []), ...(sweep[field] ?? [])];
  return { workload, modes: named, sweep: Object.fromEntries(fields.map((field) => [field, [...new Set(valuesOf(field))]])) };
}

function misfits(scenario: Scenario, written: unknown): SemanticProblem[] {
  const problems: SemanticProblem[] = [];
  const { load, work, warmup } = scenario;
  const foreign =
    scenario.workload === "message" ? ["fetch", "flow"] : [...MESSAGE_PARTS, scenario.workload === "fetch" ? "flow" : "fetch"];
  for (const part of foreign) {
    if (typeof written === "object" && written !== null && part in written) {
      problems.push({ path: [part], message: `is not a part of workload ${scenario.workload}` });
    }
  }
  if (load.executor === "replay" && load.rate !== undefined && load.speed !== undefined) {
    problems.push({ path: ["load", "speed"], message: "must not stand beside load.rate: a replay is paced by one of them" });
  }
  const span = loadDuration(scenario);
  if (span !== null && warmup > 0 && warmup >= span) {
    problems.push({ path: ["warmup"], message: "must be shorter than the load" });
  }
  const arrivals = arrivalEstimate(scenario);
  if (arrivals !== null && arrivals > MAX_ARRIVALS) {
    problems.push({ path: ["load"], message: `must make at most ${MAX_ARRIVALS} arrivals (this makes about ${Math.round(arrivals)})` });
  }
  if (arrivals !== null && arrivals < 1 && load.executor === "constant-arrival-rate" && load.arrivals === "uniform") {
    problems.push({ path: ["load", "rate"], message: "must make at least one arrival within load.duration" });
  }
  if (load.executor === "ramping-arrival-rate" && load.stages.every(({ duration }) => duration === 0)) {
    problems.push({ path: ["load", "stages"], message: "must last some time: a stage of 0s only jumps to its target" });
  } else if (load.executor === "ramping-arrival-rate" && rampTotal(load) < 1 && load.arrivals === "uniform") {
    problems.push({ path: ["load", "stages"], message: "must make at least one arrival over all stages" });
  }
  problems.push(...fetchMisfits(scenario), ...flowMisfits(scenario, written));
  const { queue } = scenario;
  if ("vus" in load && queue.overflow !== "block" && queue.capacity !== "unlimited" && load.vus > queue.capacity) {
    const message =
      "must be block where load.vus is larger than queue.capacity: a client that is dropped would ask again at once, without end";
    problems.push({ path: ["queue", "overflow"], message });
  }
  if (load.executor === "replay" && scenario.keys.prepare) {
    problems.push({
      path: ["keys", "prepare"],
      message: "must be false with load.executor: replay, whose keys are known only as they come",
    });
  }
  if (work.kind === "handler" && work.module === undefined) {
    problems.push({ path: ["work", "module"], message: "is required with work.kind: handler and must name a module, such as ./score.ts" });
  }
  if (work.kind !== "handler" && work.module !== undefined) {
    problems.push({ path: ["work", "module"], message: "must stand beside work.kind: handler" });
  }
  const measured = metricNames(scenario.workload).filter(isThresholdMetric);
  for (const [metric, rules] of Object.entries(scenario.thresholds ?? {})) {
    if (!isThresholdMetric(metric)) {
      const names = suggestion(metric, THRESHOLD_METRICS) || `: there are ${measured.join(", ")}`;
      problems.push({ path: ["thresholds", metric], message: `is not a metric${names}`, atKey: true });
      continue;
    }
    if (!measured.includes(metric)) {
      problems.push({ path: ["thresholds", metric], message: `is not measured in workload ${scenario.workload}`, atKey: true });
    }
    rules.forEach(({ threshold }, i) => {
      const parsed = parseThreshold(metric, threshold);
      if (typeof parsed === "string") problems.push({ path: ["thresholds", metric, i], message: parsed });
    });
  }
  return problems;
}

/** What must fit in the part `fetch`. */
function fetchMisfits({ workload, fetch, load }: Scenario): SemanticProblem[] {
  if (workload !== "fetch") {
    return load.executor === "once" ? [{ path: ["load", "executor"], message: "must not be once: that is for workload fetch" }] : [];
  }
  const problems: SemanticProblem[] = [];
  if (load.executor === "replay") {
    problems.push({
      path: ["load", "executor"],
      message: "must not be replay, which is for messages: a list is fetch.urls or fetch.urlsFile",
    });
  }
  if (fetch === undefined) return problems;
  const { target, tiles, urls, urlsFile, concurrency, retry, rateLimit } = fetch;
  const mock = target?.mock;
  const shares = mock === undefined ? 0 : mock.resetRate + mock.stallRate + mock.truncateRate + mock.slowRate + mock.errorRate;
  if (shares > 1 + 1e-9)
    problems.push({ path: ["fetch", "target", "mock"], message: "must not have shares (errorRate, resetRate, …) of more than 1 in all" });
  const lists = Object.entries({ tiles, urls, urlsFile }).filter(([, list]) => list !== undefined);
  const second = lists[1]?.[0];
  if (second !== undefined)
    problems.push({ path: ["fetch", second], message: `must not stand beside fetch.${lists[0]?.[0]}: there is one list` });
  if (target !== undefined && target.mock !== undefined && target.url !== undefined) {
    problems.push({ path: ["fetch", "target", "url"], message: "must not stand beside fetch.target.mock: there is one target" });
  }
  if (target?.url !== undefined) {
    const problem = targetProblem(target.url);
    if (problem !== null) problems.push({ path: ["fetch", "target", "url"], message: problem });
  }
  if (target?.urls !== undefined && (target.url ?? target.mock) !== undefined)
    problems.push({ path: ["fetch", "target", "urls"], message: "must not stand beside fetch.target.url or mock: there is one target" });
  (target?.urls ?? []).forEach((url, i) => {
    const problem = targetProblem(url);
    if (problem !== null) problems.push({ path: ["fetch", "target", "urls", i], message: problem });
  });
  (urls ?? []).forEach((url, i) => {
    if (!isAddress(url)) problems.push({ path: ["fetch", "urls", i], message: ADDRESS_RULE });
  });
  if (concurrency.max !== "unlimited" && concurrency.min > concurrency.max) {
    problems.push({ path: ["fetch", "concurrency", "min"], message: "must not be more than fetch.concurrency.max" });
  }
  if (concurrency.window === "waves" && concurrency.adaptive !== "none") {
    problems.push({ path: ["fetch", "concurrency", "window"], message: "must be sliding where fetch.concurrency.adaptive is aimd" });
  }
  if (retry.baseDelay > retry.maxDelay) {
    problems.push({ path: ["fetch", "retry", "baseDelay"], message: "must not be longer than fetch.retry.maxDelay" });
  }
  if (rateLimit !== false && (rateLimit.min > rateLimit.initial || rateLimit.initial > rateLimit.max)) {
    problems.push({ path: ["fetch", "rateLimit", "initial"], message: "must lie between fetch.rateLimit.min and fetch.rateLimit.max" });
  }
  problems.push(...requestMisfits(fetch));
  if (fetch.fallback === "parent" && fetch.method !== "GET") {
    problems.push({ path: ["fetch", "fallback"], message: "must not be parent where fetch.method is not GET: a tile is what is got" });
  }
  problems.push(...transportMisfits(fetch));
  if (fetch.fallback === "stale" && fetch.saveTo === undefined) {
    problems.push({ path: ["fetch", "fallback"], message: "needs fetch.saveTo: a stale body is the one that was saved last" });
  }
  problems.push(...savingMisfits(fetch));
  return problems;
}

/** What must fit in the part `flow`. */
function flowMisfits({ workload, flow, load }: Scenario, written: unknown): SemanticProblem[] {
  if (workload !== "flow") return [];
  const problems: SemanticProblem[] = [];
  if (load.executor === "replay") problems.push({ path: ["load", "executor"], message: "must not be replay, which is for messages" });
  if (flow === undefined) return problems;
  const own = (written as { flow?: Record<string, unknown> }).flow ?? {};
  problems.push(...uselessFields(flow.kind, own, ["flow"]));
  if (flow.kind === "orchestrator" && flow.module === undefined && Object.keys(flow.parts ?? {}).length === 0)
    problems.push({ path: ["flow", "kind"], message: "needs flow.parts, what it runs, or flow.module" });
  for (const [name, part] of Object.entries(flow.parts ?? {})) {
    const path: Path = ["flow", "parts", name];
    if (!/^[\w-]{1,40}$/.test(name)) problems.push({ path, message: "must have a name of 1 to 40 letters, digits, - and _", atKey: true });
    if (part.work !== undefined && part.work.distribution !== "constant") {
      const message = "must be constant in a part: one time is drawn for each item, by flow.work";
      problems.push({ path: [...path, "work", "distribution"], message });
    }
    problems.push(...uselessFields(part.kind, ((own["parts"] ?? {}) as Record<string, object>)[name] ?? {}, path));
  }
  return problems;
}

function uselessFields(kind: FlowKind, written: object, path: Path): SemanticProblem[] {
  const known = [...COMMON_FLOW_FIELDS, ...FLOW_FIELDS[kind]];
  return Object.keys(written)
    .filter((field) => !known.includes(field))
    .map((field) => ({ path: [...path, field], message: `is of no use to kind ${kind}`, atKey: true }));
}

const ADDRESS_RULE = "must be an http or https URL, or a tile such as 5/10/12";

function isAddress(text: string): boolean {
  if (/^\d{1,2}\/-?\d{1,9}\/-?\d{1,9}$/.test(text)) return true;
  return httpUrl(text) !== null;
}

/** Why a text cannot be a target; null when it can. */
function targetProblem(text: string): string | null {
  const filled = (number: string) => httpUrl(text.replaceAll(/\{(z|x|y|-y)\}/g, number));
  const url = filled("0");
  if (url === null || !/^https?:\/\/[^/\\]/i.test(text))
    return "must be an http or https URL, such as http://127.0.0.1:8001/{z}/{x}/{y}.png";
  if (/^[^/]*\/\/[^/\\?#]*\{/.test(text) || filled("1")?.origin !== url.origin) return "must name its host without placeholders";
  const unknown = /\{[^}]*\}/.exec(text.replaceAll(/\{(z|x|y|-y)\}/g, ""));
  return unknown === null ? null : "must have no placeholders but {z}, {x}, {y} and {-y}";
}

function httpUrl(text: string): URL | null {
  try {
    const url = new URL(text);
    return (url.protocol === "http:" || url.protocol === "https:") && url.hostname !== "" ? url : null;
  } catch {
    return null;
  }
}

/** The span over which arrivals fall due, in microseconds; null when the tape alone knows. */
export function loadDuration({ load }: Pick<Scenario, "load">): number | null {
  switch (load.executor) {
    case "constant-arrival-rate":
    case "constant-vus":
      return load.duration;
    case "ramping-arrival-rate":
      return load.stages.reduce((sum, stage) => sum + stage.duration, 0);
    case "bursts":
      return (load.count - 1) * load.every;
    case "shared-iterations":
    case "replay":
    case "once":
      return null;
    default:
      return load satisfies never;
  }
}

/**
 * Over how long a load of so many arrivals per second spreads them after warm-up, in microseconds: the time from its last arrival
 * to where the next would be is part of it. Null: its arrivals come at once, or wait for others.
 */
export function pacedSpan({ load, warmup }: Scenario): number | null {
  switch (load.executor) {
    case "constant-arrival-rate":
    case "ramping-arrival-rate":
      return Math.max(0, (loadDuration({ load }) ?? 0) - warmup);
    case "bursts":
    case "constant-vus":
    case "shared-iterations":
    case "replay":
    case "once":
      return null;
    default:
      return load satisfies never;
  }
}

/** About how many arrivals a tape has; null when only the tape knows. */
export function arrivalEstimate({ load }: Scenario): number | null {
  switch (load.executor) {
    case "constant-arrival-rate":
      return typeof load.rate === "number" ? (load.rate * load.duration) / load.timeUnit + 1e-9 : null;
    case "ramping-arrival-rate":
      return rampTotal(load) + 1e-9;
    case "bursts":
      return load.size * load.count;
    case "shared-iterations":
      return load.iterations;
    default:
      return null;
  }
}

/** A rate that goes in straight lines: from `startRate` arrivals per `timeUnit` to each stage's target in turn. */
export interface Ramp {
  readonly startRate: number;
  readonly timeUnit: number;
  readonly stages: readonly { readonly target: number; readonly duration: number }[];
}

/** Expected arrivals over all stages: the area under the rate. */
export function rampTotal({ startRate, timeUnit, stages }: Ramp): number {
  let rate = startRate;
  let total = 0;
  for (const { target, duration } of stages) {
    total += ((rate + target) / 2) * (duration / timeUnit);
    rate = target;
  }
  return total;
}
