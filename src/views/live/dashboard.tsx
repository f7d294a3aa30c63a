/** @jsxRuntime classic */
import React, { type ComponentType } from "react";
import { terminalBehind } from "../../kernel/terminal-writer.ts";
import { printable } from "../../kernel/text.ts";
import type { OnEvent } from "../../telemetry/events.ts";
import type { RateStep } from "../../telemetry/rate-changes.ts";
import type { TimedEvent } from "../../telemetry/replay.ts";
import type { RunResult } from "../../telemetry/result.ts";
import { closingReport } from "../report/closing.ts";
import { overview } from "../report/outcome.ts";
import { progressLines } from "../report/progress.ts";
import { Capture, type CaptureTarget } from "./capture.ts";
import { playBack } from "./playback.ts";
import { rehearsal } from "./rehearsal.ts";
import { RunScreen, type RunScreenProps } from "./screens/run.tsx";
import type { Session } from "./session.tsx";
import { LiveStore } from "./store.ts";

export interface DashboardOptions {
  /** Most frames per second. */
  readonly fps: number;
  /** Asks the run to stop. */
  readonly stop: () => void;
  /** Asks the run to change the arrival rate; absent: it cannot. */
  readonly stepRate?: (step: RateStep) => void;
  /** How long the closing screen stays, in milliseconds; null: until a key is pressed. */
  readonly closeAfterMs: number | null;
  /** Where pictures and recordings go; absent: nowhere. */
  readonly captures?: CaptureTarget;
  /** The session goes on when the user is done looking: it shows what was there before. */
  readonly sessionGoesOn?: boolean;
  /** True for a replay: the events shown are of a past run. */
  readonly replaying?: boolean;
  /** Milliseconds for which drawing is rehearsed before the first run; absent: not at all. */
  readonly rehearseMs?: number;
  /** The screen; the run screen unless a test replaces it. */
  readonly screen?: ComponentType<RunScreenProps>;
}

/** Shows a run in a session. If drawing fails, the terminal is restored and plain lines take over. */
export class Dashboard {
  private readonly store: LiveStore;
  private readonly left = Promise.withResolvers<void>();
  private toldBroken = false;
  private closed = false;
  private readonly capture: Capture;
  /** Follows the run all the time, so that it can go on where the drawing broke off. */
  private readonly plain: OnEvent;

  constructor(
    private readonly session: Session,
    private readonly options: DashboardOptions,
  ) {
    const { fps, stop, stepRate = () => {}, replaying = false, screen: Screen = RunScreen } = options;
    const store = new LiveStore(1000 / fps, () => session.surface.spentMs, terminalBehind);
    this.store = store;
    const capture = new Capture(session, options.captures ?? null);
    this.capture = capture;
    this.plain = progressLines((line) => {
      if (session.failure === null) return;
      this.tellBroken();
      session.terminal.note(line);
    });
    void session.over.then(() => {
      if (session.failure !== null) this.tellBroken();
      this.leave();
    });
    const onInterrupt = () => {
      stop();
      this.leave();
    };
    session.show(
      (given) => <Screen {...{ store, replaying, capture, onInterrupt, onQuit: this.leave, onRate: stepRate }} {...given} />,
      () => {
        if (store.latest.over) this.leave();
      },
    );
  }

  readonly onEvent: OnEvent = (event) => {
    if (this.session.failure === null) this.store.onEvent(event);
    this.capture.onEvent(event);
    this.plain(event);
    if (event.type === "run-started") this.rehearse();
  };

  private rehearse(): void {
    const { rehearseMs = 0 } = this.options;
    const { surface, appearance } = this.session;
    if (rehearseMs > 0) surface.rehearse(rehearsal(this.store.latest, appearance.look, rehearseMs));
  }

  /** Plays events at their times, until the user closes it. A frozen picture pauses them. */
  async play(events: readonly TimedEvent[]): Promise<void> {
    let gone = false;
    void this.left.promise.then(() => {
      gone = true;
    });
    await playBack(events, this.onEvent, {
      now: () => performance.now(),
      sleep: (ms) => Promise.race([Bun.sleep(ms), this.left.promise]),
      frozen: () => this.store.isFrozen,
      left: () => gone,
    });
  }

  /** Closes it for the user, whether or not a key was pressed. */
  readonly leave = (): void => this.left.resolve();

  /** The error that broke the drawing; null: none. The run continues without it. */
  broken(): string | null {
    const { failure } = this.session;
    return failure === null ? null : printable(failure instanceof Error ? failure.message : String(failure), 200);
  }

  /** Resolves when the user is done looking; the terminal is free then, and what was measured stands on the main screen. */
  async close(results: readonly RunResult[], { summary = true } = {}): Promise<void> {
    const { session, store } = this;
    const { closeAfterMs } = this.options;
    store.finish();
    if (store.latest.stopping !== "no" || results.length === 0 || session.inputOver) this.leave();
    const timer = closeAfterMs === null ? undefined : setTimeout(this.leave, closeAfterMs);
    await this.left.promise;
    clearTimeout(timer);
    store.close();
    this.capture.close();
    this.closed = true;
    if (this.options.sessionGoesOn !== true) await session.leave();
    if (!summary) return;
    const { terminal, appearance } = session;
    for (const result of results) terminal.print(closingReport(result, terminal.columns, appearance.ink.painter));
    terminal.print(overview(results));
  }

  private tellBroken(): void {
    if (!this.toldBroken && !this.closed)
      this.session.terminal.note(`The dashboard met an error (${this.broken()}); the run goes on without it.`);
    this.toldBroken = true;
  }
}
