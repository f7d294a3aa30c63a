import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRun } from "../engine/run/run.ts";
import { LineReader } from "../load/lines.ts";
import { BASE_DELAY } from "../scenario/fetch-schema.ts";
import { resolveScenario } from "../scenario/load.ts";
import type { Mode } from "../scenario/schema.ts";
import { YamlFile } from "../scenario/yaml-file.ts";
import type { CaseResult, Rejection } from "../telemetry/result.ts";
import { checkHosts } from "../workloads/fetch/permission.ts";

/** Settings of an engine; defaults are those of a scenario's part `fetch`. */
export interface EngineOptions {
  /** Most requests in flight; of `ThreadedEngine`, its threads. Default 10. `SyncEngine` has one. */
  readonly concurrency?: number;
  /** Longest that one attempt may take, in milliseconds. */
  readonly timeoutMs?: number;
  /** Longest that an item may take with all its attempts and waits, in milliseconds. */
  readonly deadlineMs?: number;
  readonly retry?: RetryOptions;
  readonly connections?: ConnectionOptions;
  /** Public hosts that may receive requests; this machine and private networks always may. */
  readonly allowHosts?: readonly string[];
}

/** Retries of failed requests; waits in milliseconds. */
export interface RetryOptions {
  /** Attempts after the first. */
  readonly max?: number;
  readonly backoff?: "exponential" | "linear" | "constant";
  readonly baseDelayMs?: number;
  readonly maxDelayMs?: number;
  readonly jitter?: "none" | "full" | number;
}

/** Connections of an engine. */
export interface ConnectionOptions {
  readonly max?: number;
  readonly keepAlive?: boolean;
}

/** Figures of every engine for a list, for comparison. Success: a final 2xx. */
export interface EngineResult {
  /** Requests done per second. */
  readonly rps: number;
  readonly successCount: number;
  readonly errorCount: number;
  /** From the start of a request to its end, all attempts included. */
  readonly p50LatencyMs: number;
  readonly p95LatencyMs: number;
  readonly p99LatencyMs: number;
  readonly peakMemoryMb: number;
  /** In the order of the list. */
  readonly results: readonly RequestResult[];
}

/** Outcome of one request. */
export interface RequestResult {
  readonly url: string;
  /** Of the last response; 0: there was none. */
  readonly status: number;
  readonly latencyMs: number;
  readonly attempts: number;
  readonly error: string | null;
}

/** Fetches a list of addresses in one mode of the lab. */
abstract class Engine {
  protected abstract readonly mode: Mode;

  constructor(protected readonly options: EngineOptions = {}) {}

  /** Requests every address once. Rejects when a list is empty, an option is wrong, or a public host is not allowed. */
  async run(urls: Iterable<string>): Promise<EngineResult> {
    const folder = mkdtempSync(join(tmpdir(), "lab-tui-"));
    try {
      const list = join(folder, "urls.txt");
      const requests = join(folder, "requests.ndjson");
      const count = writeList(list, urls);
      if (count === 0) throw new Error("the list must hold at least one URL");
      const loaded = resolveScenario(YamlFile.parse("engine", JSON.stringify(this.scenarioFor(list))), join(folder, "engine"));
      const allowedHosts = this.options.allowHosts ?? [];
      checkHosts(loaded.scenario, allowedHosts);
      const files = { deadLetter: null, log: null, logUrls: true, requests };
      const { result } = startRun({ name: "engine", file: "engine", ...loaded }, { access: { allowedHosts, files } });
      const [only] = (await result).cases;
      if (only === undefined || only.status === "failed") throw new Error(only?.problems.join(" ") ?? "nothing was run");
      return summaryOf(only, count, readResults(list, requests, only.rejections));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  private scenarioFor(urlsFile: string): Record<string, unknown> {
    const { concurrency = 10, timeoutMs, deadlineMs, retry = {}, connections } = this.options;
    const { baseDelayMs, maxDelayMs, ...rest } = retry;
    const fetch = {
      urlsFile,
      timeout: span(timeoutMs),
      deadline: span(deadlineMs),
      concurrency: { max: concurrency },
      connections,
      // The first wait must not exceed the longest one requested.
      retry: {
        ...rest,
        baseDelay: span(baseDelayMs ?? (maxDelayMs === undefined ? undefined : Math.min(BASE_DELAY / 1000, maxDelayMs))),
        maxDelay: span(maxDelayMs),
      },
    };
    const threads = this.mode === "parallel" ? { parallel: { workers: concurrency } } : {};
    return { title: `${this.mode} engine`, workload: "fetch", modes: [this.mode], fetch, ...threads };
  }
}

/** One request at a time. */
export class SyncEngine extends Engine {
  protected readonly mode = "sync";
}

/** A pool of threads with one request at a time each. */
export class ThreadedEngine extends Engine {
  protected readonly mode = "parallel";
}

/** One event loop with a bounded number of requests in flight. */
export class AsyncEngine extends Engine {
  protected readonly mode = "async";
}

function span(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : `${ms}ms`;
}

function writeList(file: string, urls: Iterable<string>): number {
  const descriptor = openSync(file, "w", 0o600);
  let count = 0;
  let text = "";
  for (const url of urls) {
    // A line each, as dead letters are written, whatever it contains: the intake validates it.
    text += `${JSON.stringify({ url })}\n`;
    count++;
    if (text.length < 65_536) continue;
    writeSync(descriptor, text);
    text = "";
  }
  writeSync(descriptor, text);
  closeSync(descriptor);
  return count;
}

interface Kept {
  readonly index: number;
  readonly url: string;
  readonly status: number;
  readonly ms: number;
  readonly attempts: number;
  readonly error: string | null;
}

/** One result for each address of the list, in its order; refused addresses have no request. */
function readResults(list: string, requests: string, rejections: readonly Rejection[]): RequestResult[] {
  const kept = new Map<number, RequestResult>();
  for (const line of linesOf(requests)) {
    const { index, url, status, ms, attempts, error } = JSON.parse(line) as Kept;
    kept.set(index, { url, status, latencyMs: ms, attempts, error });
  }
  const reasons = new Map(rejections.map(({ line, reason }) => [line, reason]));
  const results: RequestResult[] = [];
  for (const line of linesOf(list)) {
    const index = results.length;
    const refused = { url: addressOf(line), status: 0, latencyMs: 0, attempts: 0, error: reasons.get(index + 1) ?? "rejected" };
    results.push(kept.get(index) ?? refused);
  }
  return results;
}

/** Address of a line; "" for one too long to have been read. */
function addressOf(line: string): string {
  return line === "" ? "" : (JSON.parse(line) as { url: string }).url;
}

function* linesOf(file: string): Generator<string> {
  const lines = new LineReader(file);
  for (let line = lines.next(); line !== null; line = lines.next()) yield line;
  lines.close();
}

function summaryOf(result: CaseResult, count: number, results: readonly RequestResult[]): EngineResult {
  const { durationMs, fetch, process } = result;
  const took = results.filter(({ attempts }) => attempts > 0).map(({ latencyMs }) => latencyMs);
  const percentile = percentilesOf(took);
  const ok = fetch?.ok ?? 0;
  return {
    rps: durationMs > 0 ? ((fetch?.requests ?? 0) * 1000) / durationMs : 0,
    successCount: ok,
    errorCount: count - ok,
    p50LatencyMs: percentile(0.5),
    p95LatencyMs: percentile(0.95),
    p99LatencyMs: percentile(0.99),
    peakMemoryMb: process.peakRssBytes / 1e6,
    results,
  };
}

/** Percentiles of a list, exact however short it is: the smallest value that at least a share of all do not exceed; 0: no values. */
function percentilesOf(values: readonly number[]): (share: number) => number {
  const sorted = values.toSorted((a, b) => a - b);
  return (share) => sorted[Math.max(0, Math.ceil(share * sorted.length - 1e-9) - 1)] ?? 0;
}
