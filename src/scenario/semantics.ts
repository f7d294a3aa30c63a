import type { Path } from "./document.ts";
import { MESSAGE_PARTS, type Scenario } from "./schema.ts";

export interface SemanticProblem {
  readonly path: Path;
  readonly message: string;
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
  if (work.kind !== "handler" && work.module !== undefined) {
    problems.push({ path: ["work", "module"], message: "must stand beside work.kind: handler" });
  }
  return problems;
}

/** The features of later versions, each by the field that asks for it. */
function notYet(scenario: Scenario): SemanticProblem[] {
  const { load, source, work, queries } = scenario;
  const asked: readonly [boolean, Path, string][] = [
    [scenario.workload !== "message", ["workload"], `workload ${scenario.workload}`],
    [load.executor === "ramping-arrival-rate", ["load", "executor"], "ramping-arrival-rate"],
    [load.executor === "constant-vus", ["load", "executor"], "constant-vus"],
    [load.executor === "shared-iterations", ["load", "executor"], "shared-iterations"],
    [load.executor === "constant-arrival-rate" && load.rate === "max", ["load", "rate"], "the search for the highest rate"],
    [
      load.executor === "constant-arrival-rate" && String(load.rate).endsWith("%"),
      ["load", "rate"],
      "a rate relative to the measured capacity",
    ],
    [source.latency.max > 0, ["source", "latency"], "source.latency"],
    [source.connections > 1, ["source", "connections"], "source.connections"],
    [work.distribution !== "constant", ["work", "distribution"], `work.distribution ${work.distribution}`],
    [work.kind === "handler", ["work", "kind"], "work.kind handler"],
    [scenario.async.offload !== "none", ["async", "offload"], "async.offload"],
    [queries.rate > 0, ["queries", "rate"], "queries"],
    [scenario.sweep !== undefined, ["sweep"], "sweep"],
    [scenario.thresholds !== undefined, ["thresholds"], "thresholds"],
  ];
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
    case "bursts":
      return load.size * load.count;
    default:
      return null;
  }
}
