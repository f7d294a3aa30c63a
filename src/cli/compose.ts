import { type Run, startRun } from "../engine/run/run.ts";
import type { CasePlan, NamedScenario } from "../plan/plan.ts";
import type { OnEvent } from "../telemetry/events.ts";
import type { RunResult } from "../telemetry/result.ts";
import type { Glyphs, ThemeName } from "../views/canvas/names.ts";
import type { Session } from "../views/live/session.tsx";
import { closingReport } from "../views/report/closing.ts";
import { overview } from "../views/report/outcome.ts";
import { progressLines } from "../views/report/progress.ts";
import type { RequestAccess } from "../workloads/access.ts";
import type { StopSignal, StopSignals } from "./signals.ts";
import { hasColors, isInteractive, widthOf } from "./terminal.ts";

export interface Composition {
  /** Heard until the process ends: what was measured is still to be written. */
  readonly signals: StopSignals;
  readonly headless: boolean;
  readonly quiet: boolean;
  readonly color: boolean;
  readonly fps: number;
  readonly appearance: { readonly theme?: ThemeName; readonly glyphs?: Glyphs };
  /** How long the closing screen stays, milliseconds; null: until a key is pressed. */
  readonly closeAfterMs: number | null;
  /** The console that the run was chosen in; null: one is opened for it. */
  readonly session: Session | null;
  /** Port of the HTTP face. */
  readonly http: number | undefined;
  /** What requests of the n-th scenario may do. */
  readonly access: (scenario: number) => RequestAccess;
  readonly dumpState: (index: number, plan: CasePlan) => string | null;
  /** Told of all that happens, before the view is. */
  readonly onEvent?: OnEvent;
  /** Told of all results so far after each scenario. */
  readonly onResult: (results: readonly RunResult[]) => void;
  readonly summaryTo: "stdout" | "stderr";
}

export interface Composed {
  readonly results: readonly RunResult[];
  /** The signal that stopped the run, if one did. */
  readonly stoppedBy: StopSignal | null;
  /** What broke the dashboard, if anything did. */
  readonly viewBroken: string | null;
}

/** What the engine's events are shown with. */
export interface View {
  readonly onEvent: OnEvent;
  /** Resolves when the user is done looking; what it leaves goes to the main screen. */
  close(results: readonly RunResult[]): Promise<void>;
  /** The user looks no longer, whether or not a key was pressed. */
  leave(): void;
  /** What broke it, if anything did. */
  broken(): string | null;
}

/** How long after the end of the last run signals still leave what was measured the time to be written, in milliseconds. */
const WRITING_MS = 2000;

/** Wires the engine to a view and signals to the engine; runs the scenarios one after another. */
export async function compose(scenarios: readonly NamedScenario[], composition: Composition): Promise<Composed> {
  let current: Run | null = null;
  let stoppedBy: Composed["stoppedBy"] = null;
  let finishedAt = Number.POSITIVE_INFINITY;
  let over = false;
  let view: View | null = null;
  const stop = (signal: StopSignal) => {
    if (!over) {
      stoppedBy ??= signal;
      current?.stop();
    } else if (finishedAt === Number.POSITIVE_INFINITY) {
      // All is measured and told: what is left to be ended is the looking at it.
      view?.leave();
    } else if (performance.now() - finishedAt > WRITING_MS) {
      // Nobody reads it: the signal does what it does to those who do not hear it.
      composition.signals.close();
      process.kill(process.pid, signal);
    }
  };
  composition.signals.hear(stop);
  view = await openView(composition, stop);
  const results: RunResult[] = [];
  const onEvent: OnEvent = (event) => {
    // What is shown as done is kept already.
    composition.onEvent?.(event);
    view.onEvent(event);
  };
  try {
    let offset = 0;
    for (const scenario of scenarios) {
      if (stoppedBy !== null) break;
      const first = offset;
      current = startRun(scenario, {
        onEvent,
        // What is compared in one go is of the same work.
        calibration: results.findLast(({ machine }) => machine.calibration !== null)?.machine.calibration ?? null,
        http: composition.http,
        access: composition.access(results.length),
        dumpState: (index, plan) => composition.dumpState(first + index, plan),
      });
      results.push(await current.result);
      offset += scenario.points.reduce((sum, point) => sum + point.scenario.modes.length, 0);
      composition.onResult(results);
    }
  } finally {
    over = true;
    await view.close(results);
    finishedAt = performance.now();
  }
  return { results, stoppedBy, viewBroken: view.broken() };
}

async function openView(composition: Composition, stop: (signal: "SIGINT") => void): Promise<View> {
  if (composition.headless || composition.quiet || !isInteractive()) return plainView(composition);
  const session = composition.session ?? (await openSession(composition));
  const { Dashboard } = await import("../views/live/dashboard.tsx");
  return new Dashboard(session, { fps: composition.fps, stop: () => stop("SIGINT"), closeAfterMs: composition.closeAfterMs });
}

async function openSession({ color, fps, appearance }: Composition): Promise<Session> {
  const { Session } = await import("../views/live/session.tsx");
  return new Session({ color: hasColors(process.stdout, color), fps, ...appearance });
}

function plainView({ quiet, summaryTo }: Composition): View {
  const out = summaryTo === "stdout" ? process.stdout : process.stderr;
  return {
    onEvent: quiet ? () => {} : progressLines((line) => process.stderr.write(`${line}\n`)),
    async close(results) {
      if (quiet) return;
      for (const result of results) out.write(closingReport(result, widthOf(out)));
      out.write(overview(results));
    },
    leave() {},
    broken: () => null,
  };
}
