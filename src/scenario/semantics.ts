import { suggestion } from "../kernel/spelling.ts";
import { isThresholdMetric, metricNames, THRESHOLD_METRICS } from "../telemetry/metrics.ts";
import { parseThreshold } from "../telemetry/threshold.ts";
import { arrivalEstimate, loadDuration, MAX_ARRIVALS, rampTotal } from "./load-extent.ts";
import { distributedMisfits } from "./rules/distributed.ts";
import { expectMisfits } from "./rules/expect.ts";
import { fetchMisfits } from "./rules/fetch.ts";
import { flowMisfits } from "./rules/flow.ts";
import type { SemanticProblem } from "./rules/semantic-problem.ts";
import { MESSAGE_PARTS, type Scenario } from "./schema.ts";

export { arrivalEstimate, loadDuration, MAX_ARRIVALS, pacedSpan, type Ramp, rampTotal } from "./load-extent.ts";

/** Conflicts between fields, which a schema cannot express. `inFile`: the value of the file before flags were applied. */
export function semanticProblems(scenario: Scenario, written: unknown, inFile: unknown = written): SemanticProblem[] {
  return [
    ...foreignParts(scenario, written),
    ...queueMisfits(scenario),
    ...workMisfits(scenario),
    ...thresholdMisfits(scenario),
    ...loadMisfits(scenario),
    ...workloadMisfits(scenario, written),
    ...distributedMisfits(scenario),
    ...expectMisfits(scenario, written, inFile),
  ];
}

/** Parts that belong to another workload. */
function foreignParts({ workload }: Scenario, written: unknown): SemanticProblem[] {
  const foreign = workload === "message" ? ["fetch", "flow"] : [...MESSAGE_PARTS, workload === "fetch" ? "flow" : "fetch"];
  const there = foreign.filter((part) => typeof written === "object" && written !== null && part in written);
  return there.map((part) => ({ path: [part], message: `is not a part of workload ${workload}` }));
}

/** Conflicts of what only one workload has. */
function workloadMisfits(scenario: Scenario, written: unknown): SemanticProblem[] {
  const { workload, load } = scenario;
  if (workload === "fetch") return fetchMisfits(scenario);
  const once: SemanticProblem = { path: ["load", "executor"], message: "must not be once: that is for workload fetch" };
  const misplaced = load.executor === "once" ? [once] : [];
  return workload === "flow" ? [...misplaced, ...flowMisfits(scenario, written)] : misplaced;
}

function loadMisfits(scenario: Scenario): SemanticProblem[] {
  const problems: SemanticProblem[] = [];
  const { load, warmup } = scenario;
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
  return problems;
}

/** Conflicts of the load with the queue and the keys. */
function queueMisfits({ load, queue, keys }: Scenario): SemanticProblem[] {
  const problems: SemanticProblem[] = [];
  if ("vus" in load && queue.overflow !== "block" && queue.capacity !== "unlimited" && load.vus > queue.capacity) {
    const message =
      "must be block where load.vus is larger than queue.capacity: a client that is dropped would ask again at once, without end";
    problems.push({ path: ["queue", "overflow"], message });
  }
  if (load.executor === "replay" && keys.prepare) {
    problems.push({
      path: ["keys", "prepare"],
      message: "must be false with load.executor: replay, whose keys are known only as they come",
    });
  }
  return problems;
}

function workMisfits({ work }: Scenario): SemanticProblem[] {
  if (work.kind === "handler" && work.module === undefined) {
    return [{ path: ["work", "module"], message: "is required with work.kind: handler and must name a module, such as ./score.ts" }];
  }
  if (work.kind !== "handler" && work.module !== undefined) {
    return [{ path: ["work", "module"], message: "must stand beside work.kind: handler" }];
  }
  if (work.kind === "command" && work.command === undefined) {
    const message = 'is required with work.kind: command and must name a program with its arguments, such as ["python3", "./score.py"]';
    return [{ path: ["work", "command"], message }];
  }
  if (work.kind !== "command" && work.command !== undefined) {
    return [{ path: ["work", "command"], message: "must stand beside work.kind: command" }];
  }
  return [];
}

function thresholdMisfits({ workload, thresholds = {} }: Scenario): SemanticProblem[] {
  const problems: SemanticProblem[] = [];
  const measured = metricNames(workload).filter(isThresholdMetric);
  for (const [metric, rules] of Object.entries(thresholds)) {
    if (!isThresholdMetric(metric)) {
      const names = suggestion(metric, THRESHOLD_METRICS) || `: there are ${measured.join(", ")}`;
      problems.push({ path: ["thresholds", metric], message: `is not a metric${names}`, atKey: true });
      continue;
    }
    if (!measured.includes(metric)) {
      problems.push({ path: ["thresholds", metric], message: `is not measured in workload ${workload}`, atKey: true });
    }
    rules.forEach(({ threshold }, i) => {
      const parsed = parseThreshold(metric, threshold);
      if (typeof parsed === "string") problems.push({ path: ["thresholds", metric, i], message: parsed });
    });
  }
  return problems;
}
