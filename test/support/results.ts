import { failedResult } from "../../src/engine/run/failed-case.ts";
import { planCases } from "../../src/plan/plan.ts";
import { type Mode, scenarioSchema } from "../../src/scenario/schema.ts";
import { unswept } from "../../src/scenario/sweep.ts";
import type { RunOutline } from "../../src/telemetry/events.ts";
import { EMPTY_LEDGER } from "../../src/telemetry/ledger.ts";
import type { CaseResult, CaseStatus, MeasuredCase, RunResult } from "../../src/telemetry/result.ts";
import type { Sample, Snapshot } from "../../src/telemetry/sample.ts";

/** So many items bear a p99, and what is sketched by hand is meant to be told. */
const BORNE = 6000;

export interface CaseSketch {
  readonly mode: Mode;
  readonly status?: CaseStatus;
  readonly problems?: readonly string[];
  readonly warnings?: readonly string[];
  readonly threads?: CaseResult["process"]["threads"];
  readonly cores?: CaseResult["cores"];
  readonly busy?: number;
  readonly processed?: number;
  readonly dropped?: number;
  readonly unfinished?: number;
  readonly sojournP99?: number;
  readonly serviceMean?: number;
  readonly explanation?: string;
}

/** A case result with a few figures set, for what only reads results. */
export function caseResult(sketch: CaseSketch): MeasuredCase {
  const scenario = scenarioSchema.parse({ title: "x", modes: [sketch.mode] });
  const plan = planCases(unswept(scenario), 2)[0];
  if (plan === undefined) throw new Error("unreachable");
  const empty = failedResult(plan, "failed", "", { count: 100, peakRssBytes: 1e6 });
  const { processed = 100, dropped = 0, unfinished = 0 } = sketch;
  const latency = {
    ...empty.latency.sojourn,
    count: processed === 0 ? 0 : Math.max(processed, BORNE),
    p50: 5,
    p95: 6,
    p99: sketch.sojournP99 ?? 7,
  };
  return {
    ...empty,
    params: {},
    status: sketch.status ?? "completed",
    problems: sketch.problems ?? [],
    warnings: sketch.warnings ?? [],
    ledger: { scheduled: 100, processed, failed: 0, rejected: 0, dropped: { newest: dropped, oldest: 0 }, unfinished },
    queue: { ...empty.queue, capacity: 10 },
    durationMs: 1000,
    throughput: processed,
    latency: { ...empty.latency, sojourn: latency, service: { ...latency, p99: 5, mean: sketch.serviceMean ?? latency.mean } },
    cores: sketch.cores ?? [],
    process: {
      ...empty.process,
      cpuMs: 500,
      threads: sketch.threads ?? [],
      eventLoop: {
        ...empty.process.eventLoop,
        busy: sketch.busy ?? Math.max(0.5, ...(sketch.threads ?? []).map(({ utilization }) => utilization ?? 0)),
      },
    },
    predicted: { capacity: 200, throughput: 100, sojournMean: 5, sojournP99: 5, utilization: 0.5, bottleneck: "arrivals", model: "D/D/1" },
    explanation: sketch.explanation ?? "Because.",
    series: [sample(100)],
  };
}

export function sample(t: number, change: Partial<Sample> = {}): Sample {
  return {
    t,
    offered: 100,
    processed: 90,
    dropped: 0,
    depth: 3,
    inFlight: 1,
    blockedMs: 0,
    rssBytes: 1e6,
    p50: 4,
    p99: 9,
    cores: [0.5, 1],
    ...change,
  };
}

export function runResult(cases: readonly CaseResult[]): RunResult {
  return {
    schemaVersion: 2,
    labVersion: "0.0.0",
    startedAt: "2026-01-01T00:00:00.000Z",
    scenario: { name: "x", title: "A \u001b[31mtitle", workload: "message", seed: 1, hash: "" },
    machine: { os: "linux", arch: "x64", cpu: "a", cores: 2, memoryBytes: 1e9, bun: "1", calibration: null },
    cases,
    conclusions: [],
    thresholds: [],
  };
}

/** The outline of a run of these cases, as it is told before they begin. */
export function runOutline(cases: readonly CaseResult[]): RunOutline {
  const { startedAt, scenario, machine } = runResult(cases);
  const load = { executor: "constant-arrival-rate", gracefulStopMs: 30_000 };
  return { startedAt, scenario, machine, cases: cases.map(({ mode, params, predicted }) => ({ mode, params, load, parts: 0, predicted })) };
}

/** All that is told at an instant of a case. */
export function snapshot(t: number, change: Partial<Snapshot> = {}): Snapshot {
  return { ...sample(t), ledger: EMPTY_LEDGER, running: { p50: 1, p95: 2, p99: 3, throughput: 100, cpu: 1 }, ...change };
}
