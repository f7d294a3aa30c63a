import { z } from "zod";
import * as s from "./scalars.ts";

/** The part `load` of a scenario: when items fall due. Durations in microseconds. */

const timeUnit = () => s.duration().default(1e6).describe("What a rate is per.");

const arrivals = {
  arrivals: s
    .oneOf("uniform", "poisson")
    .default("uniform")
    .describe("uniform: evenly spaced. poisson: at random, with exponential gaps, as from many clients that know nothing of each other."),
  jitter: s.delay().default(0).describe("Each arrival is moved by up to ± this."),
};

const constantArrivalRate = z.strictObject({
  executor: z.literal("constant-arrival-rate").describe("Arrivals at one rate, whether or not anyone is ready for them."),
  rate: s
    .rate()
    .default(100)
    .describe(
      "Arrivals per timeUnit: a number, max (the highest rate at which the line does not grow, searched for), or a percentage of the capacity that a probe measures in the first mode.",
    ),
  timeUnit: timeUnit(),
  duration: s.duration().default(10e6).describe("How long items fall due."),
  ...arrivals,
});

const stage = z.strictObject({
  target: s.nonNegative().describe("Arrivals per timeUnit at the end of the stage."),
  duration: s.delay().describe("How long it takes to get there, in a straight line; 0s: at once."),
});

const rampingArrivalRate = z.strictObject({
  executor: z.literal("ramping-arrival-rate").describe("Arrivals at a rate that goes in straight lines from target to target."),
  startRate: s.nonNegative().describe("Arrivals per timeUnit at the beginning."),
  timeUnit: timeUnit(),
  stages: z.array(stage).min(1).describe("Where the rate goes, one stage after another."),
  ...arrivals,
});

const bursts = z.strictObject({
  executor: z.literal("bursts").describe("Many items due at one instant; one burst is as fast as possible."),
  size: s.count().describe("Items of one burst."),
  every: s.duration().default(1e6).describe("Time from one burst to the next."),
  count: s.count().default(1).describe("Bursts in all."),
});

const vus = () => s.count().describe("Clients; each sends again once it is answered.");

const constantVus = z.strictObject({
  executor: z.literal("constant-vus").describe("A closed loop for a time: a client sends again when it is answered."),
  vus: vus(),
  duration: s.duration().describe("How long clients send."),
});

const sharedIterations = z.strictObject({
  executor: z.literal("shared-iterations").describe("A closed loop over a number of items that the clients share."),
  vus: vus(),
  iterations: s.count().describe("Items in all."),
});

const replay = z.strictObject({
  executor: z.literal("replay").describe("Messages of a file."),
  file: s.text(4096).describe("NDJSON, one message a line; relative to the scenario file."),
  rate: s.positive().optional().describe("Paced at so many per second. Without rate and speed all are due at once."),
  speed: s.positive().optional().describe("Paced by their timestamps, so many times as fast."),
});

/** A list that is requested once: an item is due when a slot is free for it (fetch only). */
const once = z.strictObject({
  executor: z.literal("once").describe("A list of requests is asked for once, each when a slot is free for it (fetch)."),
});

export const loadSchema = z.discriminatedUnion("executor", [
  constantArrivalRate,
  rampingArrivalRate,
  bursts,
  constantVus,
  sharedIterations,
  replay,
  once,
]);

/** Executor of a scenario without a load. */
export const DEFAULT_EXECUTOR = "constant-arrival-rate";
