import { errorText } from "../../kernel/error-text.ts";
import { ifRejected } from "../../kernel/promises.ts";
import { chance, type Timers, within } from "../../kernel/timers.ts";
import { backoffDelay } from "../../resilience/backoff.ts";
import { EventBus } from "../event-bus/event-bus.ts";
import { type FlowFailure, Stopped } from "../failures.ts";
import { DEFAULT_BACKOFF } from "../guard.ts";
import { checkDelay, checkFunction, checkName, checkNames, checkSpan, timersOf } from "../options.ts";
import { deadlineOf, type Health, type Part, type PartStats, type StopOptions } from "../part.ts";
import { type Alert, AlertBoard, type AlertRule } from "./alerts.ts";
import {
  askDurations,
  askHealth,
  askStats,
  checkRegistering,
  newEntry,
  type PartEntry,
  type PartState,
  type RegisterOptions,
} from "./entry.ts";
import { flowLog } from "./log.ts";
import { metricsText } from "./metrics.ts";
import { startOrder } from "./order.ts";
import { Service } from "./service.ts";

/** Events on the bus about parts. */
export interface LifecycleEvents {
  "part.started": { readonly part: string; readonly restarts: number };
  "part.failed": { readonly part: string; readonly error: string };
  "part.degraded": { readonly part: string; readonly detail: string };
  "part.recovered": { readonly part: string };
  "part.stopped": { readonly part: string };
  alert: Alert;
}

/** Options of an orchestrator. */
export interface FlowOrchestratorOptions {
  readonly name?: string;
  /** The bus on which changes of parts are published. Default: a bus of its own. */
  readonly bus?: EventBus<LifecycleEvents>;
  /** Longest that `start` waits for slow parts, in milliseconds; they continue to start. Default 10 000. */
  readonly startMs?: number;
  /** Interval of checking health and alerts, in milliseconds. Default 1000. */
  readonly checkMs?: number;
  /** Called with one line for each change of state. */
  readonly log?: (line: string) => void;
  readonly timers?: Timers;
}

/** Health of a part with its state under the orchestrator. */
export interface PartHealth extends Health {
  readonly state: PartState;
  readonly restarts: number;
}

const START_MS = 10_000;
/** Time that a stop may take beyond its deadline, in milliseconds: for all parts together, and then for each. */
const GRACE_MS = 100;
const LAST_MS = 5;
/** A part that has run this long, in milliseconds, begins its restart waits anew. */
const STEADY_MS = 60_000;

/**
 * Starts parts in the order of their dependencies, monitors them, restarts those that fail, and stops them in reverse order, drained, by a
 * deadline. A part that fails takes no other down.
 */
export class FlowOrchestrator implements AsyncDisposable {
  readonly name: string;
  readonly bus: EventBus<LifecycleEvents>;
  private readonly entries = new Map<string, PartEntry>();
  private readonly alerts = new AlertBoard();
  private readonly timers: Timers;
  private cancelCheck: (() => void) | null = null;
  private stopping = false;
  private stopped: Promise<void> | null = null;
  private readonly log: (line: string) => void;
  private started = false;

  constructor(private readonly options: FlowOrchestratorOptions = {}) {
    checkNames(options, { name: true, bus: true, startMs: true, checkMs: true, log: true, timers: true });
    checkName(options.name);
    this.name = options.name ?? "flows";
    this.log = flowLog(this.name, options.log);
    checkDelay("startMs", options.startMs);
    checkSpan("checkMs", options.checkMs);
    this.timers = timersOf(options.timers);
    this.bus = options.bus ?? new EventBus<LifecycleEvents>({ name: this.name, timers: this.timers });
  }

  /** Registers a part. To be called before `start`. */
  register<P extends Part>(part: P, options: RegisterOptions = {}): P {
    checkRegistering(part, options);
    if (this.started) throw new Error(`${this.name} has started; parts are registered before that`);
    if (this.entries.has(part.name)) throw new Error(`two parts are called ${part.name}`);
    const entry = newEntry(part, options);
    this.entries.set(part.name, entry);
    part.adopt?.();
    return part;
  }

  /** Registers a long-running function as a part. */
  task(name: string, run: (signal: AbortSignal) => Promise<void>, options: RegisterOptions = {}): Service {
    return this.register(new Service(name, run, this.timers), options);
  }

  /**
   * Calls back when a figure, or its growth, crosses its bound, and when it is back; also publishes it on the bus, in the log, and as `alerts_raised` in
   * the metrics. Returns a function that removes the alert.
   */
  alert(rule: AlertRule, onCrossing: (alert: Alert) => void = () => {}): () => void {
    checkFunction("onCrossing", onCrossing);
    return this.alerts.add(rule, (alert) => {
      this.log(alert.text);
      this.bus.emit("alert", alert, { source: alert.part });
      ifRejected(onCrossing(alert), (error) => this.log(`telling of an alert of ${alert.part} failed: ${errorText(error)}`));
    });
  }

  get parts(): readonly Part[] {
    return [...this.entries.values()].map(({ part }) => part);
  }

  part(name: string): Part | undefined {
    return this.entries.get(name)?.part;
  }

  /**
   * Starts all parts, those without dependencies at once. Resolves when each part is up, or has failed once and will be restarted, or waits
   * for one that has, or takes longer than `startMs`. Rejects, with nothing started, when dependencies are cyclic or missing.
   */
  async start(): Promise<void> {
    const order = this.order();
    // Called during a stop, it starts afterwards.
    while (this.stopped !== null) await this.stopped;
    if (this.started) return;
    this.started = true;
    this.stopping = false;
    this.bus.start();
    const starting = Promise.all(order.map((name) => this.tryStart(this.entries.get(name) as PartEntry)));
    await within(this.timers, this.options.startMs ?? START_MS, starting, null);
    if (this.stopping) return;
    for (const { name, state } of this.entries.values()) if (state === "starting") this.log(`${name} has not started yet`);
    this.cancelCheck?.();
    this.watch();
  }

  /** Stops all parts in reverse order, within one deadline for all. */
  async stop(options: StopOptions = {}): Promise<void> {
    const deadlineMs = deadlineOf(options);
    this.stopped ??= this.stopAll(deadlineMs).finally(() => {
      this.stopped = null;
    });
    await this.stopped;
  }

  private async stopAll(deadlineMs: number): Promise<void> {
    this.stopping = true;
    this.cancelCheck?.();
    const until = this.timers.now() + deadlineMs;
    for (const name of this.stopOrder()) await this.stopOne(this.entries.get(name) as PartEntry, until);
    this.started = false;
    if (this.options.bus === undefined) await this.bus.stop({ deadlineMs: Math.max(0, until - this.timers.now()) });
  }

  private order(): string[] {
    return startOrder(new Map([...this.entries.values()].map(({ name, options }) => [name, options.dependsOn ?? []])));
  }

  /** Order of stopping; where dependencies are cyclic or missing, parts are stopped all the same. */
  private stopOrder(): string[] {
    try {
      return this.order().reverse();
    } catch {
      return [...this.entries.keys()].reverse();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Figures of every part by name, the bus included. */
  stats(): ReadonlyMap<string, PartStats> {
    const all = new Map<string, PartStats>();
    for (const { name, part, restarts } of this.entries.values()) all.set(name, { ...askStats(part), restarts });
    if (!all.has(this.bus.name)) all.set(this.bus.name, { ...this.bus.stats(), alertsRaised: this.alerts.raised });
    return all;
  }

  /**
   * Figures as OpenMetrics text: what only grows as a counter (`_total`), levels as gauges, times of stages as histograms, and `flow_up` for
   * each part: 1 up, 0.5 degraded, 0 down.
   */
  metrics(): string {
    const worth = { up: 1, degraded: 0.5, down: 0 } as const;
    const { parts } = this.health();
    const stats = [...this.stats()].map(([name, figures]) => [name, { ...figures, up: worth[parts[name]?.status ?? "up"] }] as const);
    const durations = this.parts.map((part) => [part.name, askDurations(part)] as const);
    return metricsText(new Map(stats), new Map(durations));
  }

  /** The worst health of all parts, and the health of each by name. */
  health(): { readonly status: Health["status"]; readonly parts: Readonly<Record<string, PartHealth>> } {
    const parts: Record<string, PartHealth> = {};
    let status: Health["status"] = "up";
    for (const entry of this.entries.values()) {
      const own = this.healthOf(entry);
      parts[entry.name] = { ...own, state: entry.state, restarts: entry.restarts };
      if (own.status === "down") status = "down";
      else if (own.status === "degraded" && status === "up") status = "degraded";
    }
    return { status, parts };
  }

  private healthOf({ state, part }: PartEntry): Health {
    if (state === "up") return askHealth(part);
    const detail = {
      idle: "not started",
      starting: "is starting",
      waiting: "waits for a part it depends on",
      failed: "failed",
      stopped: "stopped",
    }[state];
    return { status: "down", detail };
  }

  private async tryStart(entry: PartEntry): Promise<void> {
    if (this.stopping || entry.state === "up" || entry.state === "starting") return;
    const missing = (entry.options.dependsOn ?? []).some((name) => this.entries.get(name)?.state !== "up");
    if (missing) {
      entry.state = "waiting";
      return;
    }
    entry.state = "starting";
    entry.upSince = this.timers.now();
    entry.degraded = false;
    // Before it starts, since it may fail at once.
    this.listen(entry);
    try {
      await entry.part.start?.();
    } catch (error) {
      this.failed(entry, error);
      return;
    }
    if (this.stopping) {
      // The stop came while it was starting, and may not have reached it.
      entry.state = "up";
      await this.stopOne(entry, this.timers.now());
      return;
    }
    if ((entry.state as PartState) !== "starting") return;
    entry.state = "up";
    this.log(`${entry.name} started`);
    this.announce("part.started", { part: entry.name, restarts: entry.restarts });
    // All at once: a slow one must not delay the others.
    const waiting = [...this.entries.values()].filter(
      ({ state, options }) => state === "waiting" && options.dependsOn?.includes(entry.name),
    );
    await Promise.all(waiting.map((other) => this.tryStart(other)));
  }

  private listen(entry: PartEntry): void {
    for (const quit of entry.quit.splice(0)) quit();
    const down = entry.part.onDown?.((error) => this.failed(entry, error));
    const failure = entry.part.onFailure?.(({ place, error }: FlowFailure) => this.log(`${entry.name}, ${place}: ${errorText(error)}`));
    for (const quit of [down, failure]) if (quit !== undefined) entry.quit.push(quit);
  }

  private failed(entry: PartEntry, error: unknown): void {
    if (this.stopping || entry.cancelRestart !== null) return;
    if (entry.state === "up" && this.timers.now() - entry.upSince > STEADY_MS) entry.failures = 0;
    entry.state = "failed";
    entry.failures++;
    const text = errorText(error);
    this.log(`${entry.name} failed: ${text}`);
    this.announce("part.failed", { part: entry.name, error: text });
    const { restart = {} } = entry.options;
    if (entry.failures > (restart.max ?? Number.POSITIVE_INFINITY)) return;
    const waitMs = backoffDelay({ ...DEFAULT_BACKOFF, ...restart }, entry.failures, chance(this.timers));
    entry.cancelRestart = this.timers.after(waitMs, () => {
      entry.cancelRestart = null;
      entry.restarts++;
      void this.tryStart(entry);
    });
  }

  private async stopOne(entry: PartEntry, until: number): Promise<void> {
    entry.cancelRestart?.();
    entry.cancelRestart = null;
    for (const quit of entry.quit.splice(0)) quit();
    const { state } = entry;
    // A part that never came up may hold resources all the same: a file, whatever its start began.
    if (state !== "stopped") {
      const left = Math.max(0, until - this.timers.now());
      // A part that exceeds the deadline is left behind; however many do, all together take little longer than the deadline.
      const stopped = (async () => entry.part.stop({ deadlineMs: left }))().catch((error: unknown) =>
        this.log(`${entry.name} failed to stop: ${errorText(error)}`),
      );
      await within(this.timers, Math.max(LAST_MS, until + GRACE_MS - this.timers.now()), stopped, undefined);
      if (state === "up" || state === "starting") {
        this.log(`${entry.name} stopped`);
        this.announce("part.stopped", { part: entry.name });
      }
    }
    entry.state = "stopped";
    entry.failures = 0;
  }

  /** Checks health and alerts periodically. */
  private watch(): void {
    this.cancelCheck = this.timers.after(this.options.checkMs ?? 1000, () => {
      try {
        for (const entry of this.entries.values()) if (entry.state === "up") this.checkHealth(entry);
        // Figures of a queue are read from its file: not where no alert watches any.
        let stats: ReadonlyMap<string, PartStats> | null = null;
        this.alerts.check(
          (name) => {
            stats ??= this.stats();
            return stats.get(name) ?? null;
          },
          this.timers.now(),
          ({ part, figure }) => this.log(`an alert watches ${part} ${figure}, and there is no such figure`),
        );
      } catch (error) {
        this.log(`looking at health and alerts failed: ${errorText(error)}`);
      }
      if (!this.stopping) this.watch();
    });
  }

  private checkHealth(entry: PartEntry): void {
    const { status, detail = status } = askHealth(entry.part);
    const degraded = status !== "up";
    if (degraded === entry.degraded) return;
    entry.degraded = degraded;
    this.log(degraded ? `${entry.name} is ${status}: ${detail}` : `${entry.name} has recovered`);
    if (degraded) this.announce("part.degraded", { part: entry.name, detail });
    else this.announce("part.recovered", { part: entry.name });
  }

  /** Publishes on the bus, unless the bus is a part that has been stopped. */
  private announce<Type extends Exclude<keyof LifecycleEvents, "alert">>(type: Type, data: LifecycleEvents[Type]): void {
    try {
      this.bus.emit(type, data, { source: data.part });
    } catch (error) {
      if (!(error instanceof Stopped)) throw error;
    }
  }
}
