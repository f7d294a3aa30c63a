import { z } from "zod";
import { fetchSchema } from "./fetch-schema.ts";
import { flowSchema } from "./flow-schema.ts";
import * as s from "./scalars.ts";

/**
 * A scenario as written in YAML. Parsing fills every default in and turns durations into microseconds and sizes into
 * bytes; after it the types are to be trusted.
 */

export const WORKLOADS = ["message", "fetch", "flow"] as const;
export const MODES = ["sync", "async", "parallel"] as const;
export type Mode = (typeof MODES)[number];

/** How a message may be written down for another thread. */
export const WIRE_FORMATS = ["ring", "json", "messagepack", "structured-clone"] as const;
export type WireFormat = (typeof WIRE_FORMATS)[number];

const arrivals = {
  arrivals: s.oneOf("uniform", "poisson").default("uniform"),
  jitter: s.delay().default(0),
};

const constantArrivalRate = z.strictObject({
  executor: z.literal("constant-arrival-rate"),
  rate: s.rate().default(100),
  timeUnit: s.duration().default(1e6),
  duration: s.duration().default(10e6),
  ...arrivals,
});

const rampingArrivalRate = z.strictObject({
  executor: z.literal("ramping-arrival-rate"),
  startRate: s.nonNegative(),
  timeUnit: s.duration().default(1e6),
  // A stage of 0s jumps.
  stages: z.array(z.strictObject({ target: s.nonNegative(), duration: s.delay() })).min(1),
  ...arrivals,
});

const bursts = z.strictObject({
  executor: z.literal("bursts"),
  size: s.count(),
  every: s.duration().default(1e6),
  count: s.count().default(1),
});

const constantVus = z.strictObject({ executor: z.literal("constant-vus"), vus: s.count(), duration: s.duration() });

const sharedIterations = z.strictObject({ executor: z.literal("shared-iterations"), vus: s.count(), iterations: s.count() });

const replay = z.strictObject({
  executor: z.literal("replay"),
  file: s.text(4096),
  rate: s.positive().optional(),
  speed: s.positive().optional(),
});

/** A list is worked off once: an item falls due when a slot is free for it (fetch only). */
const once = z.strictObject({ executor: z.literal("once") });

const load = z.discriminatedUnion("executor", [
  constantArrivalRate,
  rampingArrivalRate,
  bursts,
  constantVus,
  sharedIterations,
  replay,
  once,
]);

/** What a scenario without a load has. */
export const DEFAULT_EXECUTOR = "constant-arrival-rate";

/** Parts that only the `message` workload has. */
const messageParts = {
  source: z.strictObject({ latency: s.delayRange().prefault(0), connections: s.count(1e6).default(1) }).prefault({}),
  keys: z
    .strictObject({
      count: s.count(1e7).default(10),
      distribution: s.oneOf("uniform", "round-robin", "zipf").default("uniform"),
      exponent: s.positive(100).default(1),
    })
    .prefault({}),
  message: z
    .strictObject({
      updates: s.countRange(100).prefault({ min: 1, max: 5 }),
      ops: s.listOf("increment", "set", "compute").default(["increment", "set", "compute"]),
      size: s.sizeUpTo(1e6, "1MB").default(0),
    })
    .prefault({}),
  work: z
    .strictObject({
      kind: s.oneOf("none", "cpu", "sleep", "io", "mixed", "handler").default("cpu"),
      time: s.delay().default(5000),
      distribution: s.oneOf("constant", "uniform", "exponential", "lognormal").default("constant"),
      cv: s.positive(100).default(1),
      cpuShare: s.share().default(0.5),
      module: s.text(4096).optional(),
      /** Computation that a batch costs once, before its first message, whatever the kind of the work. */
      perBatch: s.delay().default(0),
    })
    .prefault({}),
  queries: z
    .strictObject({
      rate: s.nonNegative().default(0),
      timeUnit: s.duration().default(1e6),
      via: s.oneOf("call", "http").default("call"),
      consistency: s.oneOf("strong", "snapshot").default("strong"),
    })
    .prefault({}),
};
export const MESSAGE_PARTS: readonly string[] = Object.keys(messageParts);

export const scenarioSchema = z.strictObject({
  title: s.text(200),
  description: s.text(4000).optional(),
  hypothesis: s.text(4000).optional(),
  tags: z.record(z.string(), z.string()).optional(),
  workload: s.oneOf(...WORKLOADS).default("message"),
  modes: s.listOf(...MODES).default([...MODES]),
  seed: s.count(Number.MAX_SAFE_INTEGER, 0).default(1),
  warmup: s.delay().default(0),
  gracefulStop: s.duration().default(30e6),
  load: load.prefault({ executor: DEFAULT_EXECUTOR }),
  ...messageParts,
  queue: z
    .strictObject({
      capacity: s.countOr("unlimited").default(1000),
      overflow: s.oneOf("block", "drop-newest", "drop-oldest").default("block"),
      memoryLimit: s.size().default(1e9),
    })
    .prefault({}),
  batch: z.strictObject({ size: s.count(1e6).optional(), timeout: s.duration().optional() }).prefault({}),
  async: z
    .strictObject({ concurrency: s.count(1e6).default(1), offload: s.oneOf("none", "message", "batch").default("none") })
    .prefault({}),
  parallel: z
    .strictObject({
      workers: s.countOr("auto", 1024).default("auto"),
      /** How messages cross to a Worker: the lab's own bytes, or a format of everybody's. */
      codec: s.oneOf(...WIRE_FORMATS).default("ring"),
    })
    .prefault({}),
  fetch: fetchSchema.optional(),
  flow: flowSchema.optional(),
  sweep: z.record(z.string(), z.array(z.unknown()).min(1)).optional(),
  thresholds: z.record(z.string(), z.array(s.threshold()).min(1)).optional(),
  /** Comparisons between cases that the hypothesis comes to; judged after the run. */
  expect: z.array(s.expectation()).min(1).optional(),
});

/** A scenario with every default filled in. Durations in microseconds, sizes in bytes. */
export type Scenario = z.output<typeof scenarioSchema>;
export type ThresholdRule = s.ThresholdRule;
export type ExpectRule = s.ExpectRule;
export type Load = Scenario["load"];
export type Work = Scenario["work"];
export type { FetchSettings, MockSettings } from "./fetch-schema.ts";
export type { FlowKind, FlowPart, FlowSettings } from "./flow-schema.ts";

/** JSON Schema (draft 2020-12) of a scenario file, for editors. */
export function scenarioJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(scenarioSchema, {
    io: "input",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      delete (jsonSchema as Record<string, unknown>)["ruleInWords"];
      // Of what is read before it is kept the library leaves them out.
      const examples = z.globalRegistry.get(zodSchema)?.["examples"];
      if (examples !== undefined) Object.assign(jsonSchema, { examples });
    },
  });
  return { title: "lab-tui scenario", ...schema };
}
