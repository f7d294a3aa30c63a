import { z } from "zod";
import { requestParts } from "./request-schema.ts";
import * as s from "./scalars.ts";
import { transportParts } from "./transport-schema.ts";

/** Share of requests, 0 by default. */
const share = (what: string) => s.share().default(0).describe(`Share of requests of which each ${what}; 0: none.`);

/** A slow body of the mock server: number of pieces, and the pause between them. */
export const SLOW_BODY = { pieces: 10, pauseMs: 200 } as const;

/** Default delay before the first retry, in microseconds. */
export const BASE_DELAY = 200_000;

/** Behaviour of the mock tile server. Everything random comes from the scenario's seed. */
export const mockSchema = z.strictObject({
  latency: s
    .delayRange()
    .prefault({ min: "20ms", max: "80ms" })
    .describe("Time before an answer: a duration, or { min, max } to draw from."),
  errorRate: share("is answered with errorStatus"),
  errorStatus: s.count(599, 400).default(503).describe("The status of those that errorRate befalls."),
  rateLimit: s.nonNegative().default(0).describe("Requests per second it answers; more are told to come back later (429). 0: any number."),
  retryAfter: s.delay().default(1e6).describe("When those that are told to come back later may do so."),
  maxConnections: s
    .count(1e6, 0)
    .default(0)
    .describe("Connections it holds at once; more are broken off as soon as they are made. 0: any number."),
  stallRate: share("is never answered"),
  resetRate: share("has its connection broken off"),
  truncateRate: share("has its body cut short"),
  slowRate: share("has its body sent in drops"),
  bodySize: s.sizeUpTo(1e9, "1GB").default(2000).describe("Size of an answer's body."),
  outages: z
    .array(
      z.strictObject({
        at: s.delay().describe("When it begins, from the start of the case."),
        for: s.duration().describe("How long it lasts."),
      }),
    )
    .default([])
    .describe("When it is gone, and every connection is broken off."),
});

/** The part `fetch` of a scenario. Durations in microseconds, sizes in bytes. */
export const fetchSchema = z.strictObject({
  target: z
    .strictObject({
      mock: mockSchema.optional().describe("A tile server of the lab's own, as well or badly behaved as it is told to be."),
      url: s
        .text(4096)
        .optional()
        .describe("Where tiles are, with {z}, {x}, {y} or {-y} in it, such as http://127.0.0.1:8001/{z}/{x}/{y}.png."),
      urls: s
        .textList(4096)
        .optional()
        .describe(
          "As url, several that have the same tiles: an attempt that fails is followed by one at the next, and one whose circuit is open is passed by.",
        ),
      choose: s
        .oneOf("first", "round-robin")
        .default("first")
        .describe("Of urls, which is asked first. first: the first whose circuit is not open. round-robin: one after another."),
    })
    .optional()
    .describe("Whom tiles are asked of: the mock, a URL, or several."),
  tiles: z
    .strictObject({
      zoom: s.count(24, 0).default(5).describe("Zoom of the map: 4^zoom tiles there are."),
      count: s.count(1e9).default(100).describe("Tiles to ask for, row by row."),
    })
    .optional()
    .describe("A list of tiles of the target."),
  urls: s.textList(4096).optional().describe("A list of http or https URLs, or of tiles such as 5/10/12."),
  urlsFile: s.text(4096).optional().describe("A file with one of these a line; relative to the scenario file."),
  ...requestParts,
  ...transportParts,
  timeout: s.duration().default(10e6).describe("Longest one attempt may take."),
  deadline: s.duration().default(60e6).describe("Longest one item may take, with all its attempts and waits."),
  totalTimeout: s.duration().optional().describe("Longest the whole list may take; what is left is unfinished."),
  concurrency: z
    .strictObject({
      max: s
        .countOr("unlimited", 1e6)
        .default(10)
        .describe("Requests in flight at once, divided over the Workers of parallel; each worker of distributed may have as many."),
      adaptive: s
        .oneOf("none", "aimd")
        .default("none")
        .describe("aimd: the limit grows by one for each round of good answers and shrinks at a bad one."),
      min: s.count(1e6).default(1).describe("aimd: the limit never goes below."),
      decrease: s.openShare().default(0.5).describe("aimd: what the limit is multiplied by when the server is overloaded."),
      targetLatency: s.duration().optional().describe("aimd: a request slower than this is a sign of overload."),
      window: s
        .oneOf("sliding", "waves")
        .default("sliding")
        .describe("sliding: a request starts when one ends. waves: the next lot starts when all of the last are back."),
    })
    .prefault({})
    .describe("How many requests are in flight."),
  connections: z
    .strictObject({
      max: s.count(65_535).default(100).describe("Connections at once."),
      keepAlive: s.flag().default(true).describe("A connection is used again for the next request."),
    })
    .prefault({})
    .describe("Connections to the servers."),
  retry: z
    .strictObject({
      max: s.count(100, 0).default(2).describe("Attempts after the first."),
      backoff: s.oneOf("exponential", "linear", "constant").default("exponential").describe("How the wait grows from retry to retry."),
      baseDelay: s.delay().default(BASE_DELAY).describe("The wait before the first retry."),
      maxDelay: s.delay().default(2e6).describe("The longest wait; what a server asks for in Retry-After is honoured in full, up to 60 s."),
      jitter: s
        .shareOr("none", "full")
        .default("full")
        .describe("Share of the wait that is random, so that not all come again at once; full: all of it."),
    })
    .prefault({})
    .describe("What is tried again: 5xx, 408, 429, timeouts and broken connections."),
  circuitBreaker: s
    .off(
      z.strictObject({
        failureThreshold: s.count().default(5).describe("Failed attempts of a host one after another that open the circuit."),
        openFor: s.duration().default(60e6).describe("How long its requests are refused before one may try again."),
      }),
    )
    .prefault(false)
    .describe("Refuses requests to a host that fails all the time; false: none."),
  rateLimit: s
    .off(
      z.strictObject({
        initial: s.positive(1e6).default(100).describe("Requests per second at the beginning; ×1.1 after 10 successes, ×0.5 at a 429."),
        min: s.positive(1e6).default(1).describe("The rate never goes below."),
        max: s.positive(1e6).default(1000).describe("Nor above."),
      }),
    )
    .prefault(false)
    .describe("A rate of the client's own that adapts, shared by all threads; false: none."),
  fallback: s
    .oneOf("none", "stale", "parent")
    .default("none")
    .describe("What stands in for an answer that does not come: the body saved last, or the tile around; counted degraded."),
  saveTo: s.text(4096).optional().describe("A folder to stream bodies to; relative to the scenario file."),
  saveAs: s
    .oneOf("address", "tile")
    .default("address")
    .describe(
      "How files are named. address: by what can be read of it and a hash. tile: z/x/y.png, the extension by Content-Type; what is no tile of the target is named by its address.",
    ),
  revalidate: s
    .flag()
    .default(false)
    .describe(
      "What lies under saveTo is asked for on the condition that it has changed (If-None-Match, If-Modified-Since), by what the server said of it when it was saved; 304 counts as ok, and the file is kept.",
    ),
  resume: s.flag().default(false).describe("What lies under saveTo already is not fetched again."),
  deadLetter: s.text(4096).optional().describe("A file with a line for every item that was given up."),
});

export type FetchSettings = z.output<typeof fetchSchema>;
export type MockSettings = z.output<typeof mockSchema>;
