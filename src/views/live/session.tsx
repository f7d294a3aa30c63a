/** @jsxRuntime classic */
import { type Instance, render } from "ink";
import React, { Component, type ComponentType, type ReactNode, useSyncExternalStore } from "react";
import { terminalBehind } from "../../kernel/terminal-writer.ts";
import { printable } from "../../kernel/text.ts";
import type { OnEvent } from "../../telemetry/events.ts";
import type { RunResult } from "../../telemetry/result.ts";
import { closingReport } from "../report/closing.ts";
import { overview } from "../report/outcome.ts";
import { progressLines } from "../report/progress.ts";
import { Keyboard } from "./keys.ts";
import { Browse, type Choice } from "./screens/browse.tsx";
import { RunScreen, type RunScreenProps } from "./screens/run.tsx";
import { LiveStore } from "./store.ts";
import { useSuspension } from "./suspension.ts";
import { Terminal } from "./terminal.ts";
import { COLORS, PLAIN, type Theme } from "./theme.ts";

// The pragma above: which JSX runtime Bun picks depends on a tsconfig.json around the working directory and on NODE_ENV at
// start-up, neither of which an installed package decides. React.createElement is there in all of them.

/** What a key changes is drawn as often as this, per second, however few pictures of the run there are. */
const KEYS_FPS = 10;

export interface SessionOptions {
  readonly color: boolean;
  /** Pictures per second at most. */
  readonly fps: number;
  /** What is drawn of a run; the run screen unless a test plants another. */
  readonly runScreen?: ComponentType<RunScreenProps>;
}

export interface DashboardOptions {
  /** Asks the run to stop. */
  readonly stop: () => void;
  /** How long the closing screen stays, milliseconds; null: until a key is pressed. */
  readonly closeAfterMs: number | null;
}

export interface Dashboard {
  readonly onEvent: OnEvent;
  /** Resolves when the user is done looking; the terminal is free then, and what was measured stands on the main screen. */
  close(results: readonly RunResult[]): Promise<void>;
  /** The user looks no longer, whether or not a key was pressed. */
  readonly leave: () => void;
  /** What broke the dashboard, if anything did; the run went on without it. */
  readonly broken: () => string | null;
}

type Shown =
  | { readonly screen: "nothing" }
  | { readonly screen: "browse"; readonly choices: readonly Choice[]; readonly onDone: (file: string | null) => void }
  | { readonly screen: "run"; readonly store: LiveStore; readonly onInterrupt: () => void; readonly onQuit: () => void };

/** The terminal from its first picture to its last: one screen at a time, each drawn by the same renderer. */
export class Session {
  private readonly terminal = new Terminal();
  private readonly theme: Theme;
  private readonly fps: number;
  private readonly instance: Instance;
  private readonly listeners = new Set<() => void>();
  private shown: Shown = { screen: "nothing" };
  private inputOver = false;
  private failure: unknown = null;
  /** Nothing is drawn any more: it broke, or what draws has ended. */
  private readonly over = Promise.withResolvers<void>();
  private onInputOver = () => {};

  constructor({ color, fps, runScreen: Run = RunScreen }: SessionOptions) {
    this.theme = color ? COLORS : PLAIN;
    this.fps = fps;
    this.terminal.take(this.endInput);
    const keyboard = new Keyboard();
    const shared = { keyboard, theme: this.theme, onInputOver: this.endInput };
    this.instance = render(
      <Guard onError={this.fail}>
        <Screens subscribe={this.subscribe} snapshot={() => this.shown} terminal={this.terminal} Run={Run} {...shared} />
      </Guard>,
      this.terminal.drawing(Math.max(KEYS_FPS, fps)),
    );
    this.instance.waitUntilExit().then(() => this.over.resolve(), this.fail);
  }

  /** The list of scenarios; resolves with the file of the one that is to be run, or null when the user quits. */
  async browse(choices: readonly Choice[]): Promise<string | null> {
    const chosen = Promise.withResolvers<string | null>();
    this.onInputOver = () => chosen.resolve(null);
    this.show({ screen: "browse", choices, onDone: chosen.resolve });
    await Promise.race([chosen.promise, this.over.promise]);
    if (this.failure !== null) throw this.failure;
    chosen.resolve(null);
    return chosen.promise;
  }

  /** The dashboard of what runs from now on. If drawing fails, the terminal is put back and plain lines take over. */
  run({ stop, closeAfterMs }: DashboardOptions): Dashboard {
    const store = new LiveStore(1000 / this.fps, undefined, terminalBehind);
    const left = Promise.withResolvers<void>();
    const leave = () => left.resolve();
    const broken = () => (this.failure === null ? null : whyOf(this.failure));
    let told = false;
    const tellBroken = () => {
      if (!told) this.terminal.note(`The dashboard met an error (${broken()}); the run goes on without it.`);
      told = true;
    };
    // Follows the run all the time, so that it can go on where the dashboard broke off.
    const plain = progressLines((line) => {
      if (this.failure === null) return;
      tellBroken();
      this.terminal.note(line);
    });
    void this.over.promise.then(() => {
      if (this.failure !== null) tellBroken();
      leave();
    });
    this.onInputOver = () => {
      if (store.latest.over) leave();
    };
    this.show({ screen: "run", store, onInterrupt: () => [stop(), leave()], onQuit: leave });
    return {
      onEvent: (event) => {
        if (this.failure === null) store.onEvent(event);
        plain(event);
      },
      broken,
      leave,
      close: async (results) => {
        store.finish();
        if (store.latest.stopping !== "no" || results.length === 0 || this.inputOver) leave();
        const timer = closeAfterMs === null ? undefined : setTimeout(leave, closeAfterMs);
        await left.promise;
        clearTimeout(timer);
        store.close();
        await this.leave();
        this.report(results);
      },
    };
  }

  /** What was measured, on the main screen. */
  private report(results: readonly RunResult[]): void {
    for (const result of results) this.terminal.print(closingReport(result, this.terminal.columns, this.theme.painter));
    this.terminal.print(overview(results));
  }

  /** A line for the main screen, as soon as it is to be seen. */
  note(line: string): void {
    this.terminal.note(line);
  }

  /** Draws nothing any more and gives the terminal back; once it has, nothing happens. */
  leave(): Promise<void> {
    return this.terminal.leave(async () => {
      this.instance.unmount();
      await this.instance.waitUntilExit().catch(() => {});
    });
  }

  private readonly subscribe = (listener: () => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private show(shown: Shown): void {
    this.shown = shown;
    for (const listener of this.listeners) listener();
  }

  private readonly endInput = () => {
    this.inputOver = true;
    this.onInputOver();
  };

  private readonly fail = (error: unknown) => {
    if (this.failure !== null) return;
    this.failure = error ?? "unknown";
    // React is still at work on what failed.
    setImmediate(() => this.leave().finally(() => this.over.resolve()));
  };
}

function whyOf(error: unknown): string {
  return printable(error instanceof Error ? error.message : String(error), 200);
}

interface ScreensProps {
  readonly subscribe: (listener: () => void) => () => void;
  readonly snapshot: () => Shown;
  readonly terminal: Terminal;
  readonly keyboard: Keyboard;
  readonly theme: Theme;
  readonly onInputOver: () => void;
  readonly Run: ComponentType<RunScreenProps>;
}

/** The screen that is shown. */
function Screens({ subscribe, snapshot, terminal, keyboard, theme, onInputOver, Run }: ScreensProps) {
  const shown = useSyncExternalStore(subscribe, snapshot);
  const onSuspend = useSuspension(terminal);
  switch (shown.screen) {
    case "nothing":
      return null;
    case "browse":
      return <Browse choices={shown.choices} onDone={shown.onDone} {...{ keyboard, theme, onSuspend }} />;
    case "run":
      return (
        <Run store={shown.store} onInterrupt={shown.onInterrupt} onQuit={shown.onQuit} {...{ keyboard, theme, onSuspend, onInputOver }} />
      );
    default:
      return shown satisfies never;
  }
}

interface GuardProps {
  readonly onError: (error: unknown) => void;
  readonly children: ReactNode;
}

/** Catches what a view throws, so that it costs the picture and not the run. */
class Guard extends Component<GuardProps, { readonly failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override componentDidCatch(error: unknown): void {
    this.props.onError(error);
  }

  override render(): ReactNode {
    return this.state.failed ? null : this.props.children;
  }
}
