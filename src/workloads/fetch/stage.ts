import type { Fetch } from "../../http/fetch-transport.ts";
import type { Histogram } from "../../kernel/histogram.ts";
import { LineFile } from "../../kernel/line-file.ts";
import { formatCount } from "../../kernel/units.ts";
import { agreeing, counted } from "../../kernel/wording.ts";
import { BREAKER_STATES, CircuitBreakers } from "../../resilience/circuit-breaker.ts";
import { RateLimiter } from "../../resilience/rate-limiter.ts";
import type { CasePlan } from "../../scenario/case-plan.ts";
import { MODE_TRAITS } from "../../scenario/modes.ts";
import { isRedisHere } from "../../scenario/rules/distributed.ts";
import type { FetchSettings } from "../../scenario/schema.ts";
import type { FetchFigures } from "../../telemetry/fetch-figures.ts";
import { type Phase, PhaseRecorder, phaseFigures, phaseOf } from "../../telemetry/request-phases.ts";
import type { FetchSample } from "../../telemetry/sample.ts";
import { NO_ACCESS, type RequestAccess } from "../access.ts";
import { type MakeProcessor, type ProcessorSpec, prepareProcessors } from "../processors.ts";
import type { RequestStatus, Stage, StageFigures } from "../stage.ts";
import type { WorkloadReport } from "../workload.ts";
import { Collector } from "./collector.ts";
import { CommittedFigures } from "./committed-figures.ts";
import { readBody } from "./contents.ts";
import { FetchIntake } from "./intake.ts";
import { LiveFigures } from "./live-figures.ts";
import { fetchMemory } from "./memory.ts";
import { MockProcess } from "./mock/mock-process.ts";
import { FetchProcessor } from "./processor.ts";
import { loggedInto, Records } from "./records.ts";
import { basesOf } from "./replicas.ts";
import { COUNT, type FetchReport, mergeReports, noCauses, PublishedReport } from "./report.ts";
import { sweepUnfinished } from "./save.ts";
import type { FetchSpec } from "./spec.ts";
import { Targets } from "./targets.ts";
import { tlsNotes } from "./tls-reasons.ts";

/** Bytes of an address at most. */
const LONGEST_ADDRESS = 32_768;
/** Requests per second so high that no request waits. */
const FREE = 1e9;

const NO_REPORT: FetchReport = { byStatus: {}, byError: {}, byHost: {}, byCause: noCauses() };

/** Requests to a server: the scenario's mock, in a process of its own, or an external one. */
export class FetchStage implements Stage {
  readonly helpers: readonly number[];
  readonly cheap = true;
  readonly widestBytes = LONGEST_ADDRESS;
  readonly asksInTurn: boolean;
  readonly longestItem: number;
  readonly totalTimeout: number | undefined;
  private readonly breakers: CircuitBreakers;
  private readonly limiter: RateLimiter | null;
  private readonly counts: readonly Float64Array[];
  private readonly flight: Int32Array;
  /** Reports that each thread publishes during the run, and their last values. */
  private readonly published: readonly PublishedReport[];
  private readonly phases: readonly PhaseRecorder[];
  private told: readonly FetchReport[] = [];
  private readonly collector = new Collector();
  readonly committed: CommittedFigures | undefined;

  private constructor(
    private readonly plan: CasePlan,
    private readonly fetch: FetchSpec,
    readonly spec: ProcessorSpec,
    readonly makeProcessor: MakeProcessor,
    private readonly mock: {
      readonly begin?: () => void;
      readonly stats?: MockProcess["stats"];
      readonly pid?: number;
      readonly stop: () => void;
    } | null,
  ) {
    const { settings, shared } = fetch;
    this.asksInTurn = "vus" in plan.scenario.load;
    this.longestItem = settings.deadline;
    this.totalTimeout = settings.totalTimeout;
    this.helpers = mock?.pid === undefined ? [] : [mock.pid];
    this.breakers = new CircuitBreakers({ failureThreshold: 1, openFor: 0 }, shared.breakers);
    this.limiter = settings.rateLimit === false ? null : new RateLimiter(settings.rateLimit, shared.limiter);
    this.counts = shared.counts.map((memory) => new Float64Array(memory));
    this.flight = new Int32Array(shared.flight);
    this.published = shared.reports.map((memory) => new PublishedReport(memory));
    this.phases = shared.phases.map((memory) => new PhaseRecorder(memory));
    if (MODE_TRAITS[plan.mode].remote) this.committed = new CommittedFigures(new LiveFigures(fetch, 0), this.flight, new Records(fetch));
  }

  static async open(plan: CasePlan, access: RequestAccess): Promise<FetchStage> {
    const { scenario } = plan;
    const settings = scenario.fetch;
    if (settings === undefined) throw new Error("a fetch scenario without its part");
    const described = settings.target?.mock;
    const mock = described === undefined ? null : await MockProcess.start(described, scenario.seed);
    if (settings.saveTo !== undefined) sweepUnfinished(settings.saveTo);
    if (access.files.deadLetter !== null) LineFile.create(access.files.deadLetter);
    const bases = basesOf(settings.target);
    const base = mock?.url ?? bases[0] ?? null;
    const body = readBody(settings.body);
    const parts = {
      settings,
      base,
      bases,
      allowedHosts: settings.unix === undefined ? access.allowedHosts : null,
      files: access.files,
      body,
    };
    const own = mock === null ? null : { begin: () => mock.begin(), stats: () => mock.stats(), pid: mock.pid, stop: () => mock.stop() };
    return FetchStage.of(plan, parts, own);
  }

  /** Uses a server that exists already. `ask`: carries every request, in place of sockets. */
  static async of(
    plan: CasePlan,
    parts: Pick<FetchSpec, "settings" | "base" | "bases" | "allowedHosts" | "files" | "body">,
    mock: FetchStage["mock"],
    ask: Fetch | null = null,
  ): Promise<FetchStage> {
    const { seed, warmup } = plan.scenario;
    const runId = crypto.randomUUID().slice(0, 8);
    // What workers elsewhere committed adds up in one place.
    const shared = fetchMemory(MODE_TRAITS[plan.mode].remote ? 1 : plan.slots.length);
    const keys = crypto.randomUUID();
    const common = { ...parts, seed, warmup: warmup * 1000, runId, keys, concurrency: plan.slots, shared };
    const fetch: FetchSpec = { ...common, apart: false, logged: loggedInto(parts.files) };
    const spec: ProcessorSpec = { workload: "fetch", roundsPerMs: 1, fetch };
    const carried: MakeProcessor = (effort, _, thread = 0) => new FetchProcessor(fetch, effort, thread, ask);
    return new FetchStage(plan, fetch, spec, ask === null ? await prepareProcessors(spec) : carried, mock);
  }

  intake(): FetchIntake {
    const { settings, base, allowedHosts } = this.fetch;
    return new FetchIntake(new Targets(settings, base, allowedHosts));
  }

  begin(): void {
    this.mock?.begin?.();
  }

  /** Uses a server of this process, so that no external server receives warm-up requests; workers on other hosts could not reach it. */
  async rehearsal(): Promise<FetchStage | null> {
    const { mode, scenario } = this.plan;
    if (MODE_TRAITS[mode].remote && !isRedisHere(scenario.distributed.redis)) return null;
    const { settings } = this.fetch;
    // Its responses meet the expectations; the body check is kept, since it costs time.
    const looked = settings.expect?.bodyContains;
    const server = Bun.serve({ hostname: "127.0.0.1", port: 0, development: false, fetch: () => new Response(looked ?? "warm") });
    const rateLimit = settings.rateLimit === false ? settings.rateLimit : { initial: FREE, min: FREE, max: FREE };
    const light: FetchSettings = {
      ...settings,
      urls: [`http://127.0.0.1:${server.port}/`],
      urlsFile: undefined,
      saveTo: undefined,
      unix: undefined,
      http: 1,
      fallback: "none",
      expect: looked === undefined ? undefined : { bodyContains: looked },
    };
    const parts = {
      settings: { ...light, resume: false, revalidate: false, totalTimeout: undefined, rateLimit },
      base: null,
      bases: [],
      allowedHosts: [],
      files: NO_ACCESS.files,
      body: this.fetch.body,
    };
    return FetchStage.of(this.plan, parts, { stop: () => void server.stop(true) });
  }

  sample(): { readonly fetch: FetchSample } {
    this.committed?.flush();
    return { fetch: this.requests() };
  }

  private requests(): FetchSample {
    // Where other threads send, this one only passes on addresses, and its collector sees no reason to run.
    if (this.counts.length > 1) this.collector.after(this.total(COUNT.attempts));
    return {
      inFlight: this.total(COUNT.inFlight),
      limit: this.total(COUNT.limit),
      retrying: this.total(COUNT.waiting),
      breaker: BREAKER_STATES[this.committed === undefined ? this.breakers.worst : this.committed.breaker],
      rate: this.committed === undefined ? (this.limiter?.rate ?? null) : this.committed.rate,
      attempts: this.total(COUNT.attempts),
      retries: this.total(COUNT.retries),
      ok: this.total(COUNT.ok),
      degraded: this.total(COUNT.degraded),
      failed: this.total(COUNT.failed),
      refused: this.total(COUNT.refused),
      outcomes: {
        success: this.total(COUNT.success),
        clientError: this.total(COUNT.clientError),
        tooMany: this.total(COUNT.tooMany),
        serverError: this.total(COUNT.serverError),
        other: this.total(COUNT.other),
        none: this.total(COUNT.none),
      },
    };
  }

  /** Sum of a count over all threads. */
  private total(what: number): number {
    return this.counts.reduce((total, counts) => total + (counts[what] ?? 0), 0);
  }

  phase(phase: Phase): Histogram {
    return phaseOf(this.phases, phase);
  }

  status(): RequestStatus {
    const { ok, degraded, failed, inFlight, limit, retries, refused, breaker, outcomes } = this.requests();
    const total = ok + degraded + failed;
    const { byStatus, byError, byHost } = this.errors();
    return {
      total,
      ok,
      degraded,
      failed,
      mean_latency_ms: total > 0 ? this.total(COUNT.spent) / total / 1e6 : 0,
      concurrency: inFlight,
      limit,
      retries,
      breaker,
      attempts: { ...outcomes },
      errors_by_kind: {
        ...Object.fromEntries(Object.entries(byStatus).filter(([status]) => Number(status) >= 400)),
        ...byError,
        ...(refused > 0 ? { "circuit open": refused } : {}),
      },
      errors_by_host: Object.fromEntries(Object.entries(byHost).flatMap(([host, { errors }]) => (errors > 0 ? [[host, errors]] : []))),
    };
  }

  /** Sum of the threads' last reports. */
  private errors(): FetchReport {
    if (this.committed !== undefined) return this.committed.report;
    this.told = this.published.map((report, i) => report.read() ?? this.told[i] ?? NO_REPORT);
    return mergeReports(this.told);
  }

  async figures(reports: readonly (WorkloadReport | null)[]): Promise<StageFigures> {
    const told = reports.flatMap((report) => report?.fetch ?? []);
    const own = this.committed === undefined ? told : [this.committed.report];
    const notes = [...new Set(own.flatMap(({ problems = [] }) => problems))];
    const tls = tlsNotes(mergeReports(own).byError, (count) => counted(count, "request"));
    const rateTurns = this.committed === undefined ? (this.limiter?.turns ?? []) : told.flatMap((report) => report.rateTurns ?? []);
    const figures = { ...(await this.fetchFigures(own)), rateTurns };
    const remarks = [...this.exceptions(), ...this.refrained(), ...tls, ...this.remarks(figures)];
    return { fetch: figures, requests: figures, notes: [...notes, ...remarks] };
  }

  /** Notes on requests that were carried in another way. */
  private exceptions(): string[] {
    const fetched = this.total(COUNT.fetched);
    if (fetched === 0) return [];
    return [
      `${counted(fetched, "request")} went out by Bun's fetch, since a server took in no connections: it may send a request twice unseen.`,
    ];
  }

  /** Notes on items not retried because of their method. */
  private refrained(): string[] {
    const count = this.total(COUNT.notRepeated);
    if (count === 0) return [];
    const { method } = this.fetch.settings;
    return [
      `${counted(count, `${method} request`)} ${count === 1 ? "was" : "were"} not sent again after a loss or an error: a second ${method} may do twice what is to be done once (RFC 9110, 9.2.2). fetch.idempotent: true, or fetch.idempotencyKey where the server knows one, allows it.`,
    ];
  }

  /** Notes on what workers on other hosts did. */
  private remarks({ server, attempts }: Pick<FetchFigures, "server" | "attempts">): string[] {
    if (this.committed === undefined) return [];
    const { unread, unlogged } = this.committed;
    const notes: string[] = [];
    // Bun's fetch may send a request twice unseen.
    const more = this.total(COUNT.fetched) > 0 ? 0 : (server?.requests ?? 0) - attempts;
    if (more > 0)
      notes.push(
        `The server received ${counted(more, "request")} beside the ${formatCount(attempts)} that count: of items that were not committed by who sent them, as when a worker is lost or the case is over.`,
      );
    if (unread > 0) notes.push(`${counted(unread, "item")} came without readable figures: attempts and bytes are too few.`);
    if (unlogged > 0)
      notes.push(`${counted(unlogged, "attempt")} ${agreeing(unlogged, "is", "are")} not in the log: workers told no more of their items.`);
    return notes;
  }

  private async fetchFigures(reports: readonly FetchReport[]): Promise<Omit<FetchFigures, "rateTurns">> {
    const server = (await this.mock?.stats?.()) ?? null;
    const { ok, degraded, failed, attempts, retries, refused } = this.requests();
    const requests = ok + degraded + failed;
    const meanMs = (what: number, of: number) => (of > 0 ? this.total(what) / of / 1e6 : 0);
    const sent = this.total(COUNT.sent);
    const ended = this.total(COUNT.ended);
    return {
      requests,
      ok,
      degraded,
      failed,
      attempts,
      retries,
      refusedByBreaker: refused,
      refusedUnsent: this.total(COUNT.refusedUnsent),
      rateLimited: this.total(COUNT.limited),
      deadLettered: this.total(COUNT.deadLettered),
      resumed: this.total(COUNT.resumed),
      notModified: this.total(COUNT.notModified),
      bytes: this.total(COUNT.bytes),
      ...mergeReports(reports),
      // Workers reach theirs at different times; the mock has seen them all.
      peakConcurrency: this.committed !== undefined && server !== null ? server.peakConcurrency : Atomics.load(this.flight, 1),
      // Connections that the server closed at once were opened all the same.
      connectionsOpened:
        server !== null ? server.connections + server.refused : this.total(COUNT.fetched) === 0 ? this.total(COUNT.connections) : null,
      unread: this.total(COUNT.unread),
      notRepeated: this.total(COUNT.notRepeated),
      carriedByFetch: this.total(COUNT.fetched),
      sent,
      phases: phaseFigures(this.phases),
      itemMs: meanMs(COUNT.spent, ended),
      turnMs: meanMs(COUNT.paced, requests),
      lineMs: meanMs(COUNT.lined, requests),
      amplification: sent > 0 ? (sent + retries) / sent : 0,
      server,
    };
  }

  close(): void {
    this.mock?.stop();
  }
}
