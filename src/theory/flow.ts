import type { FlowPart, FlowSettings } from "../scenario/flow-schema.ts";
import type { Scenario } from "../scenario/schema.ts";
import type { Prediction } from "../telemetry/prediction.ts";
import { type Expected, offeredRate, threadsOf } from "./demand.ts";

/** Cost of an item in a flow whose handlers do the same work. */
export interface FlowDemand {
  /** Handler calls for an item, retries included. */
  readonly calls: number;
  /** Consecutive calls of an item, where waiting ones can overlap. */
  readonly inTurn: number;
  /** Concurrent handlers for each that an item has to pass; Infinity: no limit. */
  readonly lanes: number;
  /** Probability that an item succeeds. */
  readonly success: number;
}

/** By the settings alone. Failed attempts are retried: 1 + p + p² + … calls; all attempts fail with probability p^(n + 1). */
export function flowDemand(part: FlowPart): FlowDemand {
  const p = part.failureRate;
  const retries = part.kind === "data-pipeline" || part.kind === "message-queue" ? part.retry.max : 0;
  const attempts = p < 1 ? (1 - p ** (retries + 1)) / (1 - p) : retries + 1;
  const passes = 1 - p ** (retries + 1);
  switch (part.kind) {
    case "event-bus":
      return { calls: part.subscribers, inTurn: 1, lanes: Number.POSITIVE_INFINITY, success: passes ** part.subscribers };
    case "reactive-stream":
      return { calls: part.subscribers, inTurn: 1, lanes: 1, success: passes ** part.subscribers };
    case "data-pipeline": {
      // An item that fails in a stage does not reach the next one.
      const through = part.fallback ? 1 : passes;
      const reached = through === 1 ? part.stages : (1 - through ** part.stages) / (1 - through);
      return { calls: attempts * reached, inTurn: attempts * reached, lanes: part.concurrency / attempts, success: through ** part.stages };
    }
    case "message-queue":
      return {
        calls: attempts * part.groups,
        inTurn: attempts,
        lanes: (part.consumers * part.concurrency) / attempts,
        success: passes ** part.groups,
      };
    default:
      return part.kind satisfies never;
  }
}

/** The flow as predictable work on messages; null: made by a module, or only overhead. */
function asMessages(
  expected: Expected,
): { readonly expected: Expected; readonly limit: number; readonly success: number; readonly plain: boolean } | null {
  const { mode, scenario, workers } = expected;
  const flow = scenario.flow as FlowSettings;
  if (flow.module !== undefined) return null;
  const { kind } = flow;
  const parts = kind === "orchestrator" ? Object.values(flow.parts ?? {}) : [{ ...flow, kind }];
  const works = parts.map((part) => ({ ...flowDemand(part), work: part.work ?? flow.work }));
  const kinds = new Set(works.flatMap(({ work }) => (work === undefined || work.kind === "none" || work.time === 0 ? [] : [work.kind])));
  const [only] = kinds;
  // There is no formula for concurrent work of several kinds.
  if (kinds.size !== 1 || only === undefined) return null;
  const waits = only === "io" && mode !== "sync";
  const threads = threadsOf({ mode, workers });
  let micros = 0;
  let limit = Number.POSITIVE_INFINITY;
  for (const { work, calls, inTurn, lanes } of works) {
    const time = work?.time ?? 0;
    micros = waits ? Math.max(micros, inTurn * time) : micros + calls * time;
    if (waits && time > 0) limit = Math.min(limit, (threads * lanes * 1e6) / time);
  }
  const success = works.reduce((product, each) => product * each.success, 1);
  const distribution = works.find(({ work }) => work !== undefined)?.work?.distribution ?? "constant";
  const message: Scenario = {
    ...scenario,
    workload: "message",
    work: { ...scenario.work, ...works[0]?.work, kind: only, time: micros, distribution },
    // Items belong to no thread: the least busy one takes them.
    keys: { ...scenario.keys, count: 10_000, distribution: "uniform" },
  };
  // For items that wait for retries, or for the slowest of several parts, there is no formula either.
  const plain = works.length === 1 && success === 1;
  return { expected: { ...expected, scenario: message }, limit, success, plain };
}

/** True when its throughput depends on user code, or on a disk. */
function isOpen({ module, durability, parts }: FlowSettings): boolean {
  return (
    module !== undefined || [durability, ...Object.values(parts ?? {}).map((part) => part.durability)].some((kept) => kept !== "memory")
  );
}

/** Prediction for a flow, based on that for messages. */
export function predictFlow(expected: Expected, predictMessages: (asked: Expected) => Prediction): Prediction {
  const messages = asMessages(expected);
  const lambda = offeredRate(expected.scenario);
  if (messages === null) {
    return {
      capacity: null,
      throughput: isOpen(expected.scenario.flow as FlowSettings) ? null : lambda,
      sojournMean: null,
      sojournP99: null,
      utilization: null,
      bottleneck: "overhead",
      model: "capacity",
    };
  }
  const { limit, success, plain } = messages;
  const found = predictMessages(messages.expected);
  const prediction = plain ? found : { ...found, sojournMean: null, sojournP99: null, steadyState: null };
  const throughput = (rate: number | null) => (rate === null ? null : rate * success);
  if (prediction.capacity === null || prediction.capacity <= limit) return { ...prediction, throughput: throughput(prediction.throughput) };
  return {
    capacity: limit,
    throughput: throughput(lambda === null ? limit : Math.min(lambda, limit)),
    sojournMean: lambda !== null && lambda < limit ? prediction.sojournMean : null,
    sojournP99: null,
    utilization: lambda === null ? 1 : Math.min(1, lambda / limit),
    bottleneck: lambda !== null && lambda < limit ? "arrivals" : "a handler that takes one item at a time",
    model: "capacity",
  };
}
