import { arrivalEstimate } from "../scenario/load-extent.ts";
import type { Scenario } from "../scenario/schema.ts";
import type { Prediction } from "../telemetry/prediction.ts";
import { bottleneckOf, limitOf } from "./bottleneck.ts";
import { type Capacity, type KeyLimits, keyLimits, messageCapacity } from "./capacity.ts";
import { type Expected, offeredRate, queryShare, rationed, simulatable } from "./demand.ts";
import { predictFetch } from "./fetch.ts";
import { predictFlow } from "./flow.ts";
import { type Simulated, simulate } from "./simulate.ts";
import { formulaOf } from "./steady-state.ts";

/** Arrivals simulated for the prediction of a case in a steady state, and of one that never is: a moment's work. */
const STEADY = 300_000;
const SIMULATED = 2_000_000;

/** Prediction for a case before it runs: the simulation of its own tape, and the formula that applies; null: unknown. */
export function predict(asked: Expected): Prediction {
  if (asked.scenario.workload === "fetch") return { ...UNFORMED, ...predictFetch(asked) };
  if (asked.scenario.workload === "flow") return { ...UNFORMED, ...predictFlow(asked, predict) };
  const expected = atNumber(asked);
  const { scenario } = expected;
  const found = capacityOf(expected);
  const { capacity, bottleneck, servers } = found;
  const lambda = offeredRate(scenario);
  const limits = keyLimits(expected);
  const foreseen = simulatable(scenario) ? simulated(expected, capacity, limits) : null;
  if (capacity === null || foreseen === null) {
    // All at once is done as fast as possible.
    const asked = asMeasured(scenario, lambda) ?? (allAtOnce(scenario) ? capacity : null);
    const throughput = capacity === null || asked === null ? asked : Math.min(asked, capacity);
    const utilization = capacity === null || asked === null ? null : Math.min(1, asked / capacity);
    const named = capacity === null ? bottleneck : (limitOf(expected, lambda, capacity, limits) ?? bottleneck);
    return { capacity, throughput, ...NO_SOJOURN, utilization, bottleneck: named, model: "capacity", ...UNFORMED };
  }
  const formula = lambda === null || queryShare(expected) > NEGLIGIBLE ? null : formulaOf(expected, lambda, servers, limits);
  const able = drawnCapacity(expected, capacity, foreseen);
  return {
    capacity: able,
    throughput: foreseen.throughput,
    utilization: lambda === null ? foreseen.utilization : Math.min(1, lambda / able),
    bottleneck: bottleneckOf(expected, found, { lambda, limits, foreseen, withoutOrder: () => unordered(expected, foreseen) }),
    ...sojournOf(foreseen),
    model: formula?.model ?? "simulation",
    steadyState: formula?.steadyState ?? null,
    part: partOf(scenario, foreseen),
    // The last ration of a run is used whole, whenever the run ends.
    drawn: able > ALIKE * capacity && !rationed(expected) && scenario.work.kind !== "none" ? foreseen.service / 1e6 : null,
  };
}

/** Arrivals per second over the measured time: from the first burst to the last, after which none is awaited. */
function asMeasured({ load }: Scenario, lambda: number | null): number | null {
  if (load.executor !== "bursts" || load.count === 1) return lambda;
  return (load.size * load.count * 1e6) / ((load.count - 1) * load.every);
}

/** Ratio up to which figures count as equal. */
const ALIKE = 1 + 1e-6;

/**
 * The capacity by mean work or, where more is done than that, by the drawn work, which may be shorter for a few messages, and excludes the
 * last one's time beside others.
 */
function drawnCapacity(expected: Expected, capacity: number, { throughput, service }: Simulated): number {
  if (throughput <= capacity) return capacity;
  const { scenario } = expected;
  const drawn = capacityOf({ ...expected, scenario: { ...scenario, work: { ...scenario.work, time: service / 1000, perBatch: 0 } } });
  return Math.max(throughput, drawn.capacity ?? 0);
}

/** Messages per second without order of keys: interleaved batches stop at a message whose key another batch is handling. */
function unordered(expected: Expected, { throughput, arrivals }: Simulated): number {
  const { scenario } = expected;
  if (!scenario.keys.order) return throughput;
  return simulate({ ...expected, scenario: { ...scenario, keys: { ...scenario.keys, order: false } } }, arrivals)?.throughput ?? throughput;
}

type Sojourn = Pick<Prediction, "sojournMean" | "sojournP99">;

function sojournOf({ processed, sojourn }: Simulated): Sojourn {
  return processed === 0 ? NO_SOJOURN : { sojournMean: sojourn.mean / 1e6, sojournP99: sojourn.percentile(0.99) / 1e6 };
}

const NO_SOJOURN: Sojourn = { sojournMean: null, sojournP99: null };
const UNFORMED = { steadyState: null, part: null, drawn: null };

/** The simulated part of a long tape; null: all of it. Closed loops have no tape: they continue as they began. */
function partOf(scenario: Scenario, { arrivals }: Simulated): NonNullable<Prediction["part"]> | null {
  const of = "vus" in scenario.load ? null : Math.round(arrivalEstimate(scenario) ?? 0);
  return of !== null && arrivals === STEADY && of > arrivals ? { arrivals, of } : null;
}

function allAtOnce({ load }: Scenario): boolean {
  return load.executor === "bursts" || (load.executor === "replay" && load.rate === undefined && load.speed === undefined);
}

/** Share of a thread's time that formulas neglect. */
const NEGLIGIBLE = 0.01;

/** Replaces a rate to be determined by theory's expectation of it. */
function atNumber(expected: Expected): Expected {
  const { scenario } = expected;
  const { load } = scenario;
  if (load.executor !== "constant-arrival-rate" || typeof load.rate === "number") return expected;
  const at = (rate: number): Expected => ({ ...expected, scenario: { ...scenario, load: { ...load, rate } } });
  const probed = load.rate === "max" ? expected : { ...expected, mode: scenario.modes[0] ?? expected.mode };
  const { capacity } = capacityOf({ ...probed, scenario: at(1).scenario });
  if (capacity === null) return expected;
  const share = load.rate === "max" ? 1 : Number.parseFloat(load.rate) / 100;
  return at((capacity * share * load.timeUnit) / 1e6);
}

/** The rate at which the first resource is used up, keys evenly spread. */
export function capacityOf(expected: Expected): Capacity {
  switch (expected.scenario.workload) {
    case "message":
      return messageCapacity(expected);
    case "fetch":
      return { ...predictFetch(expected), servers: 1 };
    case "flow":
      return { ...predictFlow(expected, predict), servers: 1 };
    default:
      return expected.scenario.workload satisfies never;
  }
}

/** Simulates the whole case or, where it does not change over time, enough of it; null when it is too long for that. */
function simulated(expected: Expected, capacity: number | null, { key, thread }: KeyLimits): Simulated | null {
  const { scenario } = expected;
  const count = arrivalEstimate(scenario);
  const lambda = offeredRate(scenario) ?? Number.POSITIVE_INFINITY;
  const even = scenario.load.executor === "constant-arrival-rate" && lambda < Math.min(capacity ?? 0, key, thread);
  const steady = even || "vus" in scenario.load;
  if (!steady && count !== null && count > SIMULATED) return null;
  return simulate(expected, steady ? STEADY : SIMULATED);
}
