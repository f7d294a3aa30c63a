import { isRepeated, typicalCases, typicalRun } from "../../analysis/repeats.ts";
import type { CaseOutline, OnEvent, RunEvent } from "../../telemetry/events.ts";
import { EMPTY_LEDGER, type Ledger } from "../../telemetry/ledger.ts";
import type { Machine } from "../../telemetry/machine.ts";
import type { CaseResult, RateChange, RunResult } from "../../telemetry/result.ts";
import type { Running, Sample } from "../../telemetry/sample.ts";
import { addSample, halved } from "../../telemetry/series.ts";
import { oneLine } from "../report/intent.ts";

/** State of one case in the dashboard. */
export interface CaseView {
  readonly outline: CaseOutline;
  readonly state: "waiting" | "preparing" | "running" | "done";
  readonly series: readonly Sample[];
  readonly ledger: Ledger;
  readonly running: Running | null;
  readonly result: CaseResult | null;
  /** True once a threshold of the case has failed. */
  readonly broken: boolean;
  /** Arrivals on the tape. */
  readonly count: number;
  /** Due time of the last arrival, in milliseconds. */
  readonly lastMs: number;
  /** Changes of its arrival rate by hand. */
  readonly rateChanges: readonly RateChange[];
}

export interface RunView {
  readonly phase: "starting" | "running" | "finished";
  readonly name: string;
  readonly title: string;
  readonly workload: string;
  /** In one line; empty: the scenario has none. */
  readonly hypothesis: string;
  readonly machine: Machine | null;
  readonly cases: readonly CaseView[];
  /** The running case, or the last one. */
  readonly current: number;
  /** Cases in order of completion. */
  readonly ran: readonly number[];
  /** The purpose of a probe or trial being prepared; empty for the case itself. */
  readonly note: string;
  readonly stopping: "no" | "draining" | "now";
  readonly result: RunResult | null;
  /** No other scenario follows. */
  readonly over: boolean;
}

export const EMPTY_VIEW: RunView = {
  phase: "starting",
  name: "",
  title: "",
  workload: "",
  hypothesis: "",
  machine: null,
  cases: [],
  current: 0,
  ran: [],
  note: "",
  stopping: "no",
  result: null,
  over: false,
};

/** Most samples kept for drawing; beyond it every second one is dropped. */
const MOST_SAMPLES = 4000;

/** The run after an event; the previous one is unchanged. A sample copies its series, which is bounded: some microseconds. */
export function reduce(view: RunView, event: RunEvent): RunView {
  switch (event.type) {
    case "run-started":
      return {
        ...EMPTY_VIEW,
        phase: "running",
        name: event.scenario.name,
        title: event.scenario.title,
        hypothesis: oneLine(event.scenario.hypothesis ?? ""),
        workload: event.scenario.workload,
        machine: event.machine,
        cases: event.cases.map(waitingCase),
        stopping: view.stopping,
      };
    case "case-preparing":
      return {
        ...withCase(view, event.index, { state: "preparing", series: [], running: null, ledger: EMPTY_LEDGER, rateChanges: [] }),
        current: event.index,
        note: event.note,
      };
    case "case-started":
      return withCase(view, event.index, { state: "running", count: event.count, lastMs: event.lastMs });
    case "rate-changed": {
      const { index, changes, outline, count } = event;
      return withCase(view, index, { rateChanges: changes, outline, count });
    }
    case "sample": {
      const { index, snapshot } = event;
      const series = appended(view.cases[index]?.series ?? [], snapshot);
      return withCase(view, index, { series, ledger: snapshot.ledger, running: snapshot.running });
    }
    case "case-finished":
      return {
        ...withCase(view, event.index, {
          state: "done",
          result: event.result,
          ledger: event.result.ledger,
          broken: event.verdicts?.some(({ ok }) => !ok) ?? false,
        }),
        ran: [...view.ran, event.index],
        note: "",
      };
    case "stopping":
      return { ...view, stopping: event.now ? "now" : "draining" };
    case "run-finished":
      return { ...ofTypicalCases(view, event.result), phase: "finished", result: typicalRun(event.result) };
    default:
      return event satisfies never;
  }
}

/** Of a run in rounds, only the repeats that stand for their cases. */
function ofTypicalCases(view: RunView, result: RunResult): RunView {
  if (!isRepeated(result.cases)) return view;
  const typical = typicalCases(result.cases, result.repeats);
  const cases = typical.flatMap((one) => view.cases.find((each) => each.result === one) ?? []);
  return { ...view, cases, current: Math.max(0, cases.length - 1), ran: cases.map((_, i) => i) };
}

function waitingCase(outline: CaseOutline): CaseView {
  const nothing = { series: [], ledger: EMPTY_LEDGER, running: null, result: null, rateChanges: [] };
  return { outline, state: "waiting", ...nothing, broken: false, count: 0, lastMs: 0 };
}

function withCase(view: RunView, index: number, change: Partial<CaseView>): RunView {
  return { ...view, cases: view.cases.map((one, i) => (i === index ? { ...one, ...change } : one)) };
}

function appended(series: readonly Sample[], sample: Sample): readonly Sample[] {
  const longer = series.length >= MOST_SAMPLES ? halved(series) : [...series];
  addSample(longer, sample);
  return longer;
}

/** Share of a core that drawing may take; when it costs more there are fewer frames. */
const BUDGET = 0.04;
const SLOWEST_MS = 1000;

/** Holds the view of a run and notifies React of changes a few times a second, as often as the budget allows. */
export class LiveStore {
  private spentBefore = 0;
  private view: RunView = EMPTY_VIEW;
  private shown: RunView = EMPTY_VIEW;
  private frozen = false;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly listeners = new Set<() => void>();

  /** `spentMs`: time spent on frames so far, in milliseconds. `behind`: whether the last frame is still on its way to the terminal. */
  constructor(
    private readonly intervalMs: number,
    private readonly spentMs: () => number,
    private readonly behind: () => boolean = () => false,
  ) {
    this.spentBefore = spentMs();
  }

  readonly onEvent: OnEvent = (event) => {
    this.view = reduce(this.view, event);
    if (event.type === "sample") this.timer ??= setTimeout(() => this.publish(), this.nextInterval());
    else this.publish();
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** The view to draw; a new object when it has changed. */
  readonly snapshot = (): RunView => this.shown;

  /** The run as it is, drawn or not. */
  get latest(): RunView {
    return this.view;
  }

  get isFrozen(): boolean {
    return this.frozen;
  }

  /** Freezes the picture; the run continues. */
  freeze(frozen: boolean): void {
    this.frozen = frozen;
    this.publish();
  }

  /** Ends freezing: all scenarios are done. */
  finish(): void {
    this.view = { ...this.view, over: true };
    this.frozen = false;
    this.publish();
  }

  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  /** The cost of the last frame determines the time until the next. */
  private nextInterval(): number {
    const now = this.spentMs();
    const spent = now - this.spentBefore;
    this.spentBefore = now;
    return Math.min(SLOWEST_MS, Math.max(this.intervalMs, spent / BUDGET));
  }

  private publish(): void {
    this.close();
    if (this.frozen) return;
    if (this.behind()) {
      this.timer = setTimeout(() => this.publish(), this.intervalMs);
      return;
    }
    this.shown = this.view;
    for (const listener of this.listeners) listener();
  }
}
