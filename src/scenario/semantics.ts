import { suggestion } from "../kernel/problem.ts";
import { FETCH_METRICS, isMetric, METRIC_NAMES, parseThreshold } from "../telemetry/threshold.ts";
import type { Path } from "./document.ts";
import { MESSAGE_PARTS, type Scenario } from "./schema.ts";

export interface SemanticProblem {
  readonly path: Path;
  readonly message: string;
  /** The key itself is wrong, not what stands there. */
  readonly atKey?: boolean;
}

/** Most arrivals one tape may hold. */
export const MAX_ARRIVALS = 1e9;

/** What a schema cannot say: fields that must fit each other, and what this version does not run yet. */
export function semanticProblems(scenario: Scenario, written: unknown): SemanticProblem[] {
  return [...misfits(scenario, written), ...notYet(scenario)];
}

function misfits(scenario: Scenario, written: unknown): SemanticProblem[] {
  const problems: SemanticProblem[] = [];
  const { load, work, warmup } = scenario;
  const foreign =
    scenario.workload === "message" ? ["fetch", "flow"] : [...MESSAGE_PARTS, scenario.workload === "fetch" ? "flow" : "fetch"];
  for (const part of foreign) {
    if (typeof written === "object" && written !== null && part in written && !(scenario.workload === "flow" && part === "work")) {
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
  if (load.executor === "ramping-arrival-rate" && rampTotal(load) < 1 && load.arrivals === "uniform") {
    problems.push({ path: ["load", "stages"], message: "must make at least one arrival over all stages" });
  }
  const { queue } = scenario;
  if ("vus" in load && queue.overflow !== "block" && queue.capacity !== "unlimited" && load.vus > queue.capacity) {
    const message =
      "must be block where load.vus is larger than queue.capacity: a client that is dropped would ask again at once, without end";
    problems.push({ path: ["queue", "overflow"], message });
  }
  if (work.kind === "handler" && work.module === undefined) {
    problems.push({ path: ["work", "module"], message: "is required with work.kind: handler and must name a module, such as ./score.ts" });
  }
  if (work.kind !== "handler" && work.module !== undefined) {
    problems.push({ path: ["work", "module"], message: "must stand beside work.kind: handler" });
  }
  for (const [metric, rules] of Object.entries(scenario.thresholds ?? {})) {
    if (!isMetric(metric)) {
      problems.push({ path: ["thresholds", metric], message: `is not a metric${suggestion(metric, METRIC_NAMES)}`, atKey: true });
      continue;
    }
    if (scenario.workload !== "fetch" && FETCH_METRICS.includes(metric)) {
      problems.push({ path: ["thresholds", metric], message: `is not measured in workload ${scenario.workload}`, atKey: true });
    }
    rules.forEach(({ threshold }, i) => {
      const parsed = parseThreshold(metric, threshold);
      if (typeof parsed === "string") problems.push({ path: ["thresholds", metric, i], message: parsed });
    });
  }
  return problems;
}

/** The features of later versions, each by the field that asks for it. */
function notYet(scenario: Scenario): SemanticProblem[] {
  const asked: readonly [boolean, Path, string][] = [[scenario.workload !== "message", ["workload"], `workload ${scenario.workload}`]];
  return asked.filter(([used]) => used).map(([, path, feature]) => ({ path, message: `${feature} is not available in this version` }));
}

/** The span over which arrivals fall due, in microseconds; null when the tape alone knows. */
export function loadDuration({ load }: Scenario): number | null {
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
