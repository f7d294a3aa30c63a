import { z } from "zod";
import * as s from "./scalars.ts";

const FLOW_KINDS = ["event-bus", "data-pipeline", "reactive-stream", "message-queue", "orchestrator"] as const;
export type FlowKind = (typeof FLOW_KINDS)[number];

/** Cost of a handler's work. */
const workSchema = z.strictObject({
  kind: s
    .oneOf("none", "cpu", "sleep", "io", "mixed")
    .default("cpu")
    .describe(
      "cpu: a calibrated amount of computation. sleep: blocks its thread. io: waits outside. mixed: cpuShare of the time is cpu, the rest io.",
    ),
  time: s.delay().default(5000).describe("Mean time of the work on one item."),
  distribution: s
    .oneOf("constant", "uniform", "exponential", "lognormal")
    .default("constant")
    .describe("How that time differs from item to item; uniform: from 0 to twice the mean."),
  cv: s.positive(100).default(1).describe("lognormal: standard deviation ÷ mean."),
  cpuShare: s.share().default(0.5).describe("mixed: share of the time that is cpu."),
});

/** Fields of a part of a flow. A field that its kind does not use is an error. */
const partFields = {
  subscribers: s.count(10_000).default(3).describe("event-bus, reactive-stream: who is told of each item."),
  stages: s.count(100).default(3).describe("data-pipeline: stages, one after another."),
  concurrency: s.count(10_000).default(1).describe("data-pipeline, message-queue: items a stage or a consumer works on at a time."),
  transformers: s.count(100, 0).default(3).describe("reactive-stream: transformers, one after another."),
  groups: s.count(64).default(1).describe("message-queue: consumer groups; each gets every item."),
  consumers: s.count(1000).default(1).describe("message-queue: consumers of a group, which share its items."),
  durability: s
    .oneOf("memory", "process", "power")
    .default("memory")
    .describe("message-queue: what an item that was taken in outlives: nothing, the end of the process, or a loss of power."),
  order: s.oneOf("none", "key").default("none").describe("message-queue: key works items of one key one after another."),
  work: workSchema.optional().describe("What each subscriber, stage, transformer or consumer does with an item; without it nothing."),
  failureRate: s.share().default(0).describe("Share of handler calls that fail."),
  retry: z
    .strictObject({
      max: s.count(100, 0).default(0).describe("Attempts after the first."),
      baseDelay: s.delay().default(10_000).describe("The wait before the first retry."),
    })
    .prefault({})
    .describe("data-pipeline, message-queue: what is done with an item that failed."),
  fallback: s.flag().default(false).describe("data-pipeline: an item whose attempts have all failed goes on as it came."),
  circuitBreaker: s
    .off(
      z.strictObject({
        failureThreshold: s.count().default(5).describe("Failures one after another that open the circuit."),
        openFor: s.duration().default(1e6).describe("How long items are refused before one may try again."),
      }),
    )
    .prefault(false)
    .describe("data-pipeline: refuses items while a stage fails all the time; false: none."),
};

const partSchema = z.strictObject({
  kind: s.oneOf("event-bus", "data-pipeline", "reactive-stream", "message-queue").describe("What the part is."),
  ...partFields,
});

/** The part `flow` of a scenario. Durations in microseconds. */
export const flowSchema = z.strictObject({
  kind: s
    .oneOf(...FLOW_KINDS)
    .default("event-bus")
    .describe("What items go through; orchestrator: all of its parts."),
  ...partFields,
  module: s.text(4096).optional().describe("Code of your own that makes the flow, instead of the lab's parts, such as ./shop.ts."),
  parts: z.record(z.string(), partSchema).optional().describe("orchestrator: what it runs, by name; each item goes through all of them."),
});

export type FlowSettings = z.output<typeof flowSchema>;
export type FlowPart = z.output<typeof partSchema>;

/** The fields above that each kind uses. */
export const FLOW_FIELDS: Readonly<Record<FlowKind, readonly string[]>> = {
  "event-bus": ["subscribers"],
  "data-pipeline": ["stages", "concurrency", "retry", "circuitBreaker", "fallback"],
  "reactive-stream": ["transformers", "subscribers"],
  "message-queue": ["groups", "consumers", "concurrency", "durability", "order", "retry"],
  orchestrator: ["parts"],
};

/** The fields that all kinds use. */
export const COMMON_FLOW_FIELDS: readonly string[] = ["kind", "work", "failureRate", "module"];
