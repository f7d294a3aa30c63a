import type { FlowPart, FlowSettings } from "../scenario/flow-schema.ts";
import type { Scenario } from "../scenario/schema.ts";
import type { Prediction } from "../telemetry/prediction.ts";
import { type Expected, offeredRate } from "./demand.ts";

/** What an item asks of a flow whose handlers do the same work. */
export interface FlowDemand {
  /** Handler calls for an item, retries included. */
  readonly calls: number;
  /** Calls of an item that come one after another, where those that wait can overlap. */
  readonly inTurn: number;
  /** Handlers that can be at it at a time, for each that an item has to pass; Infinity: any number. */
  readonly lanes: number;
  /** Probability that an item comes through. */
  readonly success: number;
}

/** By the settings alone. An attempt that fails is tried again so often: 1 + p + p² + …; all attempts fail with p^(n + 1). */
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
      // An item that fails in a stage does not come to the next.
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

/** The flow as work on messages that theory knows; null: made by a module, or nothing but overhead. */
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
  // There is no formula for work of several kinds side by side.
  if (kinds.size !== 1 || only === undefined) return null;
  const waits = only === "io" && mode !== "sync";
  const threads = mode === "parallel" ? workers : 1;
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
  // How long an item takes that waits for retries, or for the slowest of several parts, has no formula either.
  const plain = works.length === 1 && success === 1;
  return { expected: { ...expected, scenario: message }, limit, success, plain };
}

/** What it lets through depends on code of the user's, or on a disk. */
function isOpen({ module, durability, parts }: FlowSettings): boolean {
  return (
    module !== undefined || [durability, ...Object.values(parts ?? {}).map((part) => part.durability)].some((kept) => kept !== "memory")
  );
}

/** Prediction of a flow, by way of the prediction of messages. */
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
