/** @jsxRuntime classic */
import { render } from "ink";
import React, { Component, type ComponentType, type ReactNode } from "react";
import { terminalBehind } from "../../kernel/terminal-writer.ts";
import { printable } from "../../kernel/text.ts";
import type { OnEvent } from "../../telemetry/events.ts";
import type { RunResult } from "../../telemetry/result.ts";
import { closingReport } from "../report/closing.ts";
import { overview } from "../report/outcome.ts";
import { progressLines } from "../report/progress.ts";
import { App, type AppProps } from "./screens/run.tsx";
import { LiveStore } from "./store.ts";
import { cutLines, guardTerminal, restoreTerminal } from "./terminal.ts";
import { COLORS, PLAIN } from "./theme.ts";

// The pragma above: which JSX runtime Bun picks depends on a tsconfig.json around the working directory and on NODE_ENV at
// start-up, neither of which an installed package decides. React.createElement is there in all of them.

/** What a key changes is drawn as often as this, per second, however few pictures of the run there are. */
const KEYS_FPS = 10;

export interface DashboardOptions {
  readonly color: boolean;
  /** Pictures of the run per second at most. */
  readonly fps: number;
  /** Asks the run to stop. */
  readonly stop: () => void;
  /** What is drawn; the run screen unless a test plants another. */
  readonly screen?: ComponentType<AppProps>;
}

export interface Dashboard {
  readonly onEvent: OnEvent;
  close(results: readonly RunResult[]): Promise<void>;
  readonly leave: () => void;
  /** What broke the dashboard, if anything did; the run went on without it. */
  readonly broken: () => string | null;
}

/** Opens the dashboard on the alternate screen. If drawing fails, the terminal is put back and plain lines take over. */
export function openDashboard({ color, fps, stop, screen: Screen = App }: DashboardOptions): Dashboard {
  const store = new LiveStore(1000 / fps, undefined, terminalBehind);
  let broken: string | null = null;
  // Follows the run all the time, so that it can go on where the dashboard broke off.
  const plain = progressLines((line) => {
    if (broken !== null) process.stderr.write(`${line}\n`);
  });
  let quit: () => void = () => {};
  const leaving = new Promise<void>((resolve) => {
    quit = resolve;
  });
  const unguard = guardTerminal();
  const onBroken = (error: unknown) => {
    if (broken !== null) return;
    broken = printable(error instanceof Error ? error.message : String(error), 200);
    setImmediate(() => {
      instance.unmount();
      restoreTerminal();
      process.stderr.write(`The dashboard met an error (${broken}); the run goes on without it.\n`);
      quit();
    });
  };
  cutLines();
  const instance = render(
    <Guard onError={onBroken}>
      <Screen
        store={store}
        theme={color ? COLORS : PLAIN}
        onWish={(wish) => {
          if (wish === "interrupt") {
            stop();
            quit();
          } else if (wish === "quit") quit();
        }}
      />
    </Guard>,
    {
      interactive: true,
      alternateScreen: true,
      incrementalRendering: true,
      maxFps: Math.max(KEYS_FPS, fps),
      exitOnCtrlC: false,
      patchConsole: false,
    },
  );
  instance.waitUntilExit().then(quit, onBroken);
  return {
    onEvent: (event) => {
      if (broken === null) store.onEvent(event);
      plain(event);
    },
    broken: () => broken,
    leave: () => quit(),
    async close(results) {
      store.finish();
      if (store.latest.stopping !== "no" || results.length === 0) quit();
      await leaving;
      store.close();
      if (broken === null) {
        instance.unmount();
        await instance.waitUntilExit().catch(() => {});
      }
      restoreTerminal();
      unguard();
      for (const result of results)
        process.stdout.write(closingReport(result, process.stdout.columns, color ? COLORS.painter : PLAIN.painter));
      process.stdout.write(overview(results));
    },
  };
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
