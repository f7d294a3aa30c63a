import { z } from "zod";
import * as s from "./scalars.ts";

/** Share of requests something befalls; 0: none. */
const share = () => s.share().default(0);

/** A slow body of the mock comes in so many pieces with a pause between them. */
export const SLOW_BODY = { pieces: 10, pauseMs: 200 } as const;

/** Before the first retry, in microseconds, unless it is said. */
export const BASE_DELAY = 200_000;

/** What a mock tile server does with the requests it gets. Everything random comes from the scenario's seed. */
export const mockSchema = z.strictObject({
  latency: s.delayRange().prefault({ min: "20ms", max: "80ms" }),
  errorRate: share(),
  errorStatus: s.count(599, 400).default(503),
  /** Requests per second it answers; more are told to come back later. 0: any number. */
  rateLimit: s.nonNegative().default(0),
  retryAfter: s.delay().default(1e6),
  /** Connections it holds at once; more are broken off as soon as they are made. 0: any number. */
  maxConnections: s.count(1e6, 0).default(0),
  stallRate: share(),
  resetRate: share(),
  truncateRate: share(),
  slowRate: share(),
  bodySize: s.sizeUpTo(1e9, "1GB").default(2000),
  outages: z.array(z.strictObject({ at: s.delay(), for: s.duration() })).default([]),
});

/** The part `fetch` of a scenario. Durations in microseconds, sizes in bytes. */
export const fetchSchema = z.strictObject({
  target: z.strictObject({ mock: mockSchema.optional(), url: s.text(4096).optional() }).optional(),
  tiles: z.strictObject({ zoom: s.count(24, 0).default(5), count: s.count(1e9).default(100) }).optional(),
  urls: s.textList(4096).optional(),
  urlsFile: s.text(4096).optional(),
  timeout: s.duration().default(10e6),
  deadline: s.duration().default(60e6),
  totalTimeout: s.duration().optional(),
  concurrency: z
    .strictObject({
      max: s.countOr("unlimited", 1e6).default(10),
      adaptive: s.oneOf("none", "aimd").default("none"),
      min: s.count(1e6).default(1),
      /** aimd: what the limit is multiplied by when the server is overloaded. */
      decrease: s.openShare().default(0.5),
      /** aimd: a request slower than this counts as a sign of overload. */
      targetLatency: s.duration().optional(),
      /** sliding: a request starts when one ends; waves: when all have. */
      window: s.oneOf("sliding", "waves").default("sliding"),
    })
    .prefault({}),
  connections: z.strictObject({ max: s.count(65_535).default(100), keepAlive: s.flag().default(true) }).prefault({}),
  retry: z
    .strictObject({
      max: s.count(100, 0).default(2),
      backoff: s.oneOf("exponential", "linear", "constant").default("exponential"),
      baseDelay: s.delay().default(BASE_DELAY),
      maxDelay: s.delay().default(2e6),
      jitter: s.shareOr("none", "full").default("full"),
    })
    .prefault({}),
  circuitBreaker: s.off(z.strictObject({ failureThreshold: s.count().default(5), openFor: s.duration().default(60e6) })).prefault(false),
  rateLimit: s
    .off(z.strictObject({ initial: s.positive(1e6).default(100), min: s.positive(1e6).default(1), max: s.positive(1e6).default(1000) }))
    .prefault(false),
  fallback: s.oneOf("none", "stale", "parent").default("none"),
  saveTo: s.text(4096).optional(),
  /** What lies under saveTo already is not fetched again. */
  resume: s.flag().default(false),
  deadLetter: s.text(4096).optional(),
});

export type FetchSettings = z.output<typeof fetchSchema>;
export type MockSettings = z.output<typeof mockSchema>;
