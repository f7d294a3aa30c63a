import { z } from "zod";
import * as s from "./scalars.ts";

export const FLOW_KINDS = ["event-bus", "data-pipeline", "reactive-stream", "message-queue", "orchestrator"] as const;
export type FlowKind = (typeof FLOW_KINDS)[number];

/** What a handler's work costs. */
const workSchema = z.strictObject({
  kind: s.oneOf("none", "cpu", "sleep", "io", "mixed").default("cpu"),
  time: s.delay().default(5000),
  distribution: s.oneOf("constant", "uniform", "exponential", "lognormal").default("constant"),
  cv: s.positive(100).default(1),
  cpuShare: s.share().default(0.5),
});

/** What every part of a flow may say; what its kind has no use for is an error. */
const partFields = {
  /** event-bus, reactive-stream: who is told. */
  subscribers: s.count(10_000).default(3),
  /** data-pipeline */
  stages: s.count(100).default(3),
  /** data-pipeline, message-queue: items a stage or a consumer works on at a time. */
  concurrency: s.count(10_000).default(1),
  /** reactive-stream */
  transformers: s.count(100, 0).default(3),
  /** message-queue */
  groups: s.count(64).default(1),
  consumers: s.count(1000).default(1),
  durability: s.oneOf("memory", "process", "power").default("memory"),
  order: s.oneOf("none", "key").default("none"),
  /** What each subscriber, stage, transformer or consumer does with an item. Default: nothing. */
  work: workSchema.optional(),
  /** Share of handler calls that fail. */
  failureRate: s.share().default(0),
  /** data-pipeline, message-queue: attempts after the first. */
  retry: z.strictObject({ max: s.count(100, 0).default(0), baseDelay: s.delay().default(10_000) }).prefault({}),
  /** data-pipeline: an item whose attempts have all failed goes on as it came. */
  fallback: s.flag().default(false),
  /** data-pipeline */
  circuitBreaker: s.off(z.strictObject({ failureThreshold: s.count().default(5), openFor: s.duration().default(1e6) })).prefault(false),
};

const partSchema = z.strictObject({ kind: s.oneOf("event-bus", "data-pipeline", "reactive-stream", "message-queue"), ...partFields });

/** The part `flow` of a scenario. Durations in microseconds. */
export const flowSchema = z.strictObject({
  kind: s.oneOf(...FLOW_KINDS).default("event-bus"),
  ...partFields,
  /** Code that makes the flow, instead of the lab's own parts. */
  module: s.text(4096).optional(),
  /** orchestrator: what it runs, by name; each item goes through all of them. */
  parts: z.record(z.string(), partSchema).optional(),
});

export type FlowSettings = z.output<typeof flowSchema>;
export type FlowPart = z.output<typeof partSchema>;

/** Which of the fields above a kind has a use for. */
export const FLOW_FIELDS: Readonly<Record<FlowKind, readonly string[]>> = {
  "event-bus": ["subscribers"],
  "data-pipeline": ["stages", "concurrency", "retry", "circuitBreaker", "fallback"],
  "reactive-stream": ["transformers", "subscribers"],
  "message-queue": ["groups", "consumers", "concurrency", "durability", "order", "retry"],
  orchestrator: ["parts"],
};

/** What all kinds have a use for. */
export const COMMON_FLOW_FIELDS: readonly string[] = ["kind", "work", "failureRate", "module"];
