import { explain } from "../../src/analysis/explain.ts";
import { scenarioSchema } from "../../src/scenario/schema.ts";
import type { FetchFigures, ServerFigures } from "../../src/telemetry/fetch-figures.ts";
import type { MeasuredCase } from "../../src/telemetry/result.ts";
import { caseResult } from "./results.ts";

const base = caseResult({ mode: "async" });
const summary = (ms: number) => ({ ...base.latency.service, count: 4000, mean: ms, p50: ms, p99: ms, max: ms });
export const SERVER: ServerFigures = {
  requests: 4000,
  connections: 100,
  refused: 0,
  peakConcurrency: 100,
  byStatus: {},
  resets: 0,
  truncated: 0,
  stalled: 0,
};
const FIGURES: FetchFigures = {
  ...{ requests: 4000, ok: 4000, degraded: 0, failed: 0, attempts: 4000, retries: 0, refusedByBreaker: 0, rateLimited: 0, deadLettered: 0 },
  ...{ resumed: 0, bytes: 0, byStatus: {}, byError: {}, byHost: {}, peakConcurrency: 100, connectionsOpened: 100, sent: 4000 },
  ...{ itemMs: 50, turnMs: 0, lineMs: 0, amplification: 1, rateTurns: [], server: null },
};

export interface RequestChange {
  /** Milliseconds of an attempt, and of an item where `figures` have none; what the server is told to take is 50 unless `latency` says otherwise. */
  readonly took?: number;
  readonly latency?: string;
  /** Requests per second that went through. */
  readonly rate?: number;
  readonly cores?: readonly number[];
  readonly main?: number;
  /** Milliseconds in the queue, and from due to ended at the median. */
  readonly queue?: number;
  readonly sojourn?: number;
  readonly slowest?: number;
  readonly result?: object;
  readonly figures?: Partial<FetchFigures>;
  readonly load?: object;
  readonly fetch?: object;
  readonly mock?: object;
}

/** What is said of 4000 requests that are far from every limit, but for what is changed: 20 of 100 places are in use, and all waited 238 ms. */
export function explainedRequests(change: RequestChange): string {
  const { took = 50, rate = 400, cores = [0.4, 0.4], main = 0.4, queue = 238, sojourn = 250 } = change;
  const attempt = summary(took);
  const result = {
    ...base,
    ...{ disturbed: null, throughput: rate, offeredRate: null, series: [] },
    cores: cores.map((utilization, core) => ({ core, utilization })),
    process: { ...base.process, threads: [{ name: "main", utilization: main }] },
    latency: {
      ...base.latency,
      sojourn: summary(sojourn),
      queue: summary(queue),
      service: { ...summary(took), max: change.slowest ?? took },
    },
    ledger: { ...base.ledger, scheduled: 4000, processed: 4000 },
    fetch: {
      ...FIGURES,
      itemMs: took,
      phases: { connect: attempt, tls: attempt, firstByte: attempt, body: attempt, attempt, reused: 4000 },
      ...change.figures,
    },
    ...change.result,
  } as MeasuredCase;
  const scenario = scenarioSchema.parse({
    title: "x",
    workload: "fetch",
    load: change.load ?? { executor: "once" },
    fetch: {
      target: { mock: { latency: change.latency ?? "50ms", ...change.mock } },
      tiles: { zoom: 7, count: 4000 },
      concurrency: { max: 100 },
      ...change.fetch,
    },
  });
  return explain(result, scenario);
}
