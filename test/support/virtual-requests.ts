import { AsyncExecutor } from "../../src/engine/executor/async.ts";
import { buildPipeline } from "../../src/engine/runner/pipeline.ts";
import { summarize } from "../../src/engine/runner/summary.ts";
import type { Fetch } from "../../src/http/fetch-transport.ts";
import { Random } from "../../src/kernel/random.ts";
import { VirtualTime } from "../../src/kernel/virtual-time.ts";
import { openTape } from "../../src/load/open.ts";
import { inspectTape } from "../../src/load/tape.ts";
import { RateGate } from "../../src/resilience/rate-gate.ts";
import type { MockSettings, Scenario } from "../../src/scenario/schema.ts";
import { loadDuration } from "../../src/scenario/semantics.ts";
import type { MeasuredCase } from "../../src/telemetry/result.ts";
import type { Sample } from "../../src/telemetry/sample.ts";
import { predict } from "../../src/theory/predict.ts";
import { FetchStage } from "../../src/workloads/fetch/stage.ts";
import type { Told } from "./claims/claim.ts";
import { planOf } from "./virtual-setup.ts";

/** What it takes to be refused. */
const REFUSAL = 0.2e6;

/** A server on a virtual clock, as the scenario describes it; what client and server compute is done one request after another. */
class VirtualServer {
  /** How often each address was asked for: what becomes of it is the same whoever asks when. */
  private readonly asked = new Map<string, number>();
  private readonly gate: RateGate | null;
  private readonly byStatus = new Map<string, number>();
  private readonly counts = {
    requests: 0,
    connections: 0,
    openConnections: 0,
    refused: 0,
    peakConcurrency: 0,
    resets: 0,
    truncated: 0,
    duringOutage: 0,
    stalled: 0,
  };
  private running = 0;
  private computedUntil = 0;

  constructor(
    private readonly mock: MockSettings,
    private readonly time: VirtualTime,
    private readonly seed: number,
    /** What one request costs in computing; nanoseconds. */
    private readonly compute: number,
  ) {
    this.gate = mock.rateLimit > 0 ? new RateGate(mock.rateLimit) : null;
  }

  readonly ask: Fetch = async (url, { signal }) => {
    const { mock, counts } = this;
    if (mock.maxConnections > 0 && this.running >= mock.maxConnections) {
      counts.refused++;
      await this.until(this.time.now() + REFUSAL, signal ?? null);
      throw broken();
    }
    counts.requests++;
    this.running++;
    counts.connections = Math.max(counts.connections, this.running);
    counts.peakConcurrency = Math.max(counts.peakConcurrency, this.running);
    try {
      const before = this.asked.get(url) ?? 0;
      this.asked.set(url, before + 1);
      return await this.answer(new Random(this.seed, `${url} ${before}`), signal ?? null);
    } finally {
      this.running--;
    }
  };

  private async answer(random: Random, signal: AbortSignal | null): Promise<Response> {
    const { mock, counts } = this;
    const now = this.time.now();
    const gone = mock.outages.some(({ at, for: span }) => now / 1000 >= at && now / 1000 < at + span);
    if (gone || random.unit() < mock.resetRate) {
      await this.until(now + REFUSAL, signal);
      counts.resets++;
      if (gone) counts.duringOutage++;
      throw broken();
    }
    if (this.gate?.admits(now / 1e6) === false) {
      await this.until(now + REFUSAL, signal);
      return this.say(429, { "retry-after": String(Math.ceil(mock.retryAfter / 1e6)) });
    }
    const stalls = random.unit() < mock.stallRate;
    if (stalls) counts.stalled++;
    const took = stalls ? 1e15 : 1000 * (mock.latency.min + (mock.latency.max - mock.latency.min) * random.unit());
    this.computedUntil = Math.max(now, this.computedUntil) + this.compute;
    await this.until(this.computedUntil + took, signal);
    return random.unit() < mock.errorRate ? this.say(mock.errorStatus) : this.say(200);
  }

  private until(at: number, signal: AbortSignal | null): Promise<void> {
    return new Promise((done, fail) => {
      signal?.addEventListener("abort", () => fail(new DOMException("aborted", "AbortError")), { once: true });
      void this.time.sleepUntil(at).then(done);
    });
  }

  private say(status: number, headers: Record<string, string> = {}): Response {
    this.byStatus.set(String(status), (this.byStatus.get(String(status)) ?? 0) + 1);
    return new Response("body", { status, headers });
  }

  get stats() {
    return { ...this.counts, byStatus: Object.fromEntries(this.byStatus) };
  }
}

function broken(): Error {
  return Object.assign(new Error("ECONNRESET"), { code: "ECONNRESET" });
}

/** A case of requests in mode `async`, run on a virtual clock against a server as it is described. `computeMs`: what each request costs. */
export async function requestsVirtually(scenario: Scenario, computeMs = 0): Promise<Told> {
  const plan = planOf(scenario, "async");
  const settings = plan.scenario.fetch;
  const mock = settings?.target?.mock;
  if (settings === undefined || mock === undefined) throw new Error("no server is described");
  const time = new VirtualTime();
  const server = new VirtualServer(mock, time, scenario.seed, computeMs * 1e6);
  const files = { deadLetter: null, log: null, logUrls: false, requests: null };
  const parts = {
    settings,
    base: "http://127.0.0.1/{z}/{x}/{y}",
    bases: ["http://127.0.0.1/{z}/{x}/{y}"],
    allowedHosts: [],
    files,
    body: null,
  };
  const stage = await FetchStage.of(plan, parts, { stats: async () => server.stats, stop: () => {} }, server.ask);
  const effort = {
    now: () => time.now(),
    compute: () => {},
    block: () => {},
    wait: () => {},
    pause: (span: number) => time.sleepUntil(time.now() + span),
  };
  const setup = { plan, time, stage, face: null, begin: () => 0, effort: () => effort };
  const facts = await inspectTape(
    openTape(plan.scenario, () => null),
    loadDuration(plan.scenario),
    plan.scenario.warmup,
  );
  const samples: Sample[] = [];
  const pipeline = buildPipeline(setup, facts, (sample) => samples.push(sample));
  const execution = await time.run(new AsyncExecutor().execute(pipeline.job));
  const own = await stage.figures(execution.reports);
  const { thresholds: _, ...measured } = summarize({ plan, facts, execution, pipeline, states: [], idle: time.idle, cpuMs: 0, own });
  const computed = Math.min(0.85, (measured.throughput * computeMs) / 2000);
  const result: MeasuredCase = {
    ...measured,
    params: {},
    disturbed: null,
    cores: [0, 1].map((core) => ({ core, utilization: computed })),
    process: { ...measured.process, threads: [{ name: "main", utilization: computed }] },
    predicted: predict({ ...plan, cores: 2 }),
    explanation: "",
    series: samples,
  };
  return { result, scenario: plan.scenario };
}
