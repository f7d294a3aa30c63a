import { z } from "zod";
import { BATCH_ORDERS } from "../queueing/arrange.ts";
import { distributedSchema } from "./distributed-schema.ts";
import { withKnownNames } from "./editor-schema.ts";
import { fetchSchema } from "./fetch-schema.ts";
import { flowSchema } from "./flow-schema.ts";
import { DEFAULT_EXECUTOR, loadSchema } from "./load-schema.ts";
import { DEFAULT_MODES, MODES, type Mode } from "./modes.ts";
import * as rule from "./rule-scalars.ts";
import * as s from "./scalars.ts";

/**
 * A scenario as written in YAML. Parsing fills in every default and converts durations to microseconds and sizes to bytes. After it the
 * types can be trusted.
 */

export const WORKLOADS = ["message", "fetch", "flow"] as const;
export { MODES, type Mode };

/** Encodings of messages for another thread. */
export const WIRE_FORMATS = ["ring", "json", "messagepack", "structured-clone"] as const;
export type WireFormat = (typeof WIRE_FORMATS)[number];

/** Parts of the `message` workload only. */
const messageParts = {
  source: z
    .strictObject({
      latency: s
        .delayRange()
        .prefault(0)
        .describe("Time that one read takes: blocks in sync, is awaited in async; a duration, or { min, max } to draw from."),
      connections: s.count(1e6).default(1).describe("Reads that go on at once, in async and parallel."),
    })
    .prefault({})
    .describe("Where messages are read from."),
  keys: z
    .strictObject({
      count: s.count(1e7).default(10).describe("State machines there are; a message is for one of them."),
      distribution: s
        .oneOf("uniform", "round-robin", "zipf")
        .default("uniform")
        .describe("How messages are spread over the keys: evenly at random, in turn, or by Zipf's law: a few get most."),
      exponent: s.positive(100).default(1).describe("zipf: how uneven; the k-th key gets a share in proportion to 1 ÷ k^exponent."),
      order: s
        .flag()
        .default(true)
        .describe(
          "Messages of a key are worked one after another, in the order of the tape. false: they may overlap, wherever batches do (async.concurrency), and how many came out of order is told instead of being a fault.",
        ),
      prepare: s
        .flag()
        .default(false)
        .describe("Every state machine is made before the first arrival, instead of when its first message comes."),
    })
    .prefault({})
    .describe("State machines, and how messages are spread over them."),
  message: z
    .strictObject({
      updates: s.countRange(100).prefault({ min: 1, max: 5 }).describe("Ops in a message; one number, or { min, max } to draw from."),
      ops: s
        .listOf("increment", "set", "compute")
        .default(["increment", "set", "compute"])
        .describe("What a message does to its state machine, in list order, repeated."),
      size: s.sizeUpTo(1e6, "1MB").default(0).describe("Bytes of padding that each message carries, and holds while it waits."),
    })
    .prefault({})
    .describe("What is in a message."),
  work: z
    .strictObject({
      kind: s
        .oneOf("none", "cpu", "sleep", "io", "mixed", "handler", "command")
        .default("cpu")
        .describe(
          "cpu: a calibrated amount of computation. sleep: blocks its thread. io: waits outside, so that async overlaps it. mixed: cpuShare of the time is cpu, the rest io. handler: code of your own. command: a program of yours, in any language.",
        ),
      time: s.delay().default(5000).describe("Mean time of the work on one message."),
      distribution: s
        .oneOf("constant", "uniform", "exponential", "lognormal")
        .default("constant")
        .describe("How that time differs from message to message; uniform: from 0 to twice the mean."),
      cv: s.positive(100).default(1).describe("lognormal: standard deviation ÷ mean."),
      cpuShare: s.share().default(0.5).describe("mixed: share of the time that is cpu."),
      module: s.text(4096).optional().describe("handler: the module whose default export does the work, such as ./score.ts."),
      command: s
        .programCall()
        .optional()
        .describe(
          'command: a program and its arguments, such as ["python3", "./score.py"]; started without a shell in the folder of the scenario file, one for each thread that processes. It reads a message a line as JSON, {"id":7,"worker_id":"worker-7","payload":[…],"timestamp":…}, and answers a line each, in any order: {"id":7}, with "error" when it has failed, or with "set" for what changes in the state of the machine. Needs --allow-commands.',
        ),
      folder: s.text(4096).optional().describe("command: the folder that the program runs in, if not that of the scenario file."),
      startup: s
        .duration()
        .default(10e6)
        .describe(
          'command: time in which the program must be ready. A first line {"ready":true} says so (with "batch":true it may answer several messages with one line, as a list); else it is ready once it waits for input.',
        ),
      restarts: s
        .count(1e6, 0)
        .default(3)
        .describe("command: how often the program is started again when it ends, answers nothing, or writes what is no answer."),
      timeout: s.duration().default(30e6).describe("command: longest time without an answer while the program holds messages."),
      state: s.flag().default(false).describe("command: each message is sent with the state of its machine."),
      perBatch: s
        .delay()
        .default(0)
        .describe(
          "Computation that a batch costs once, before its first message, on the thread that works it, whatever the kind; the service time of that message begins with it. In sync each message is a batch of one.",
        ),
    })
    .prefault({})
    .describe("What the work on each message costs."),
  loop: z
    .strictObject({
      yieldEvery: s
        .countOr("batch", 1e6)
        .default("batch")
        .describe(
          "async: the event loop gets a turn after each batch, or after so many messages within one too: reads, queries and samples then wait for no whole batch.",
        ),
    })
    .prefault({})
    .describe("Where the event loop takes turns."),
  queries: z
    .strictObject({
      rate: s
        .nonNegative()
        .default(0)
        .describe("Queries per timeUnit for the state of a machine, from the first arrival to the last; 0: none."),
      timeUnit: s.duration().default(1e6).describe("What the rate is per."),
      via: s.oneOf("call", "http").default("call").describe("Asked within the process, or over HTTP."),
      consistency: s
        .oneOf("strong", "snapshot")
        .default("strong")
        .describe("strong: the state between two whole messages, now. snapshot: the last that was published, and how old it is."),
    })
    .prefault({})
    .describe("Questions for states while messages are processed."),
};
export const MESSAGE_PARTS: readonly string[] = Object.keys(messageParts);

export const scenarioSchema = z.strictObject({
  title: s.text(200).describe("What the scenario is called."),
  description: s.text(4000).optional().describe("What it explores, in a sentence or two."),
  hypothesis: s.text(4000).optional().describe("What is expected to be seen."),
  tags: z.record(z.string(), z.string()).optional().describe("Labels of your own, as text."),
  workload: s
    .oneOf(...WORKLOADS)
    .default("message")
    .describe(
      "message: state machines and the messages that update them. fetch: HTTP requests. flow: pipelines, buses, streams and queues.",
    ),
  modes: s
    .listOf(...MODES)
    .default([...DEFAULT_MODES])
    .describe(
      "sync: one thread, everything blocks. async: one event loop. parallel: Workers. distributed: workers on any host, over Redis; only where it is named. Each gets the same arrivals.",
    ),
  seed: s
    .count(Number.MAX_SAFE_INTEGER, 0)
    .default(1)
    .describe("Of everything random: the same seed, the same arrivals, work and messages."),
  warmup: s.delay().default(0).describe("What falls due before is worked off and left out of every figure."),
  gracefulStop: s.duration().default(30e6).describe("How long to go on after the last arrival; what is left then is unfinished."),
  load: loadSchema.prefault({ executor: DEFAULT_EXECUTOR }).describe("When items fall due."),
  ...messageParts,
  queue: z
    .strictObject({
      capacity: s.countOr("unlimited").default(1000).describe("Places in the queue, over all Workers; sync has no queue."),
      overflow: s
        .oneOf("block", "drop-newest", "drop-oldest")
        .default("block")
        .describe("When it is full: the source waits, what comes is dropped, or what has waited longest is."),
      memoryLimit: s.size().default(1e9).describe("Memory at which a case with an unlimited queue is stopped."),
    })
    .prefault({})
    .describe("Between the source and those who process (async, parallel)."),
  batch: z
    .strictObject({
      size: s
        .count(1e6)
        .optional()
        .describe("Items of a batch at most. Without a timeout it waits until it is full, or nothing more can come."),
      timeout: s
        .duration()
        .optional()
        .describe(
          "How long after its first item a batch goes at the latest. It needs size ÷ rate to fill: a shorter timeout cuts it, a longer one does nothing.",
        ),
      order: s
        .oneOf(...BATCH_ORDERS)
        .default("arrival")
        .describe(
          "In which order a batch is worked: as its items came, all of one key first and then those of the next, or one of each key in turn.",
        ),
    })
    .prefault({})
    .describe("How items are gathered before they are processed (async, parallel); with neither size nor timeout one by one."),
  async: z
    .strictObject({
      concurrency: s
        .count(1e6)
        .default(1)
        .describe("Batches that are processed at once, on the one loop or in each Worker; what waits outside overlaps."),
      offload: s
        .oneOf("none", "message", "batch")
        .default("none")
        .describe("async: hands processing to one helper Worker, message by message or a batch at a time."),
    })
    .prefault({})
    .describe("The event loop."),
  parallel: z
    .strictObject({
      workers: s.countOr("auto", 1024).default("auto").describe("Threads that process; auto: as many as there are cores."),
      codec: s
        .oneOf(...WIRE_FORMATS)
        .default("ring")
        .describe("How messages cross to a Worker: the lab's own bytes, or a format of everybody's."),
    })
    .prefault({})
    .describe("Bun Workers; a key always goes to the same one."),
  distributed: distributedSchema,
  fetch: fetchSchema.optional().describe("Requests and how they are made (workload fetch)."),
  flow: flowSchema.optional().describe("The flow that items go through (workload flow)."),
  sweep: z
    .record(z.string(), z.array(z.unknown()).min(1))
    .optional()
    .describe("Fields by their dotted path, each with the values to try; every combination is a case, in every mode."),
  thresholds: z
    .record(z.string(), z.array(rule.threshold()).min(1))
    .optional()
    .describe("Gates in the grammar of k6, by metric, on each case; one that fails ends the run with exit code 99."),
  expect: z
    .array(rule.expectation())
    .min(1)
    .optional()
    .describe("Comparisons between cases that the hypothesis comes to; judged after the run."),
});

/** A scenario with every default filled in. Durations in microseconds, sizes in bytes. */
export type Scenario = z.output<typeof scenarioSchema>;
export type Load = Scenario["load"];
export type Work = Scenario["work"];
export type { FetchSettings, MockSettings } from "./fetch-schema.ts";
export type { FlowKind, FlowPart, FlowSettings } from "./flow-schema.ts";
export { DEFAULT_EXECUTOR } from "./load-schema.ts";
export type { ExpectRule, ThresholdRule } from "./rule-scalars.ts";

/** JSON Schema (draft 2020-12) of a scenario file, for editors. */
export function scenarioJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(scenarioSchema, {
    io: "input",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      delete (jsonSchema as Record<string, unknown>)["ruleInWords"];
      // The library leaves out examples of transformed values.
      const examples = z.globalRegistry.get(zodSchema)?.["examples"];
      if (examples !== undefined) Object.assign(jsonSchema, { examples });
    },
  });
  return withKnownNames({ title: "lab-tui scenario", ...schema });
}
