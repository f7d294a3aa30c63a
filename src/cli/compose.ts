import { type Run, startRun } from "../engine/run/run.ts";
import type { Repeats } from "../engine/run/run-options.ts";
import { rehearsalShare } from "../engine/runner/rehearsal-share.ts";
import { type CasePlan, type NamedScenario, plannedModes } from "../plan/plan.ts";
import type { OnEvent } from "../telemetry/events.ts";
import type { RateStep } from "../telemetry/rate-changes.ts";
import type { RunResult } from "../telemetry/result.ts";
import type { Session } from "../views/live/session.tsx";
import { closingReport } from "../views/report/closing.ts";
import { overview } from "../views/report/outcome.ts";
import { progressLines } from "../views/report/progress.ts";
import type { RequestAccess } from "../workloads/access.ts";
import type { AskedAppearance } from "./appearance-flags.ts";
import { type CastPlan, RunRecorder } from "./recording.ts";
import type { StopSignal, StopSignals } from "./signals.ts";
import { hasColors, isInteractive, widthOf } from "./terminal.ts";

export interface Composition {
  /** Handled until the process ends: results are still to be written. */
  readonly signals: StopSignals;
  readonly headless: boolean;
  readonly quiet: boolean;
  /** Sentences instead of pictures, for people who listen. */
  readonly plain: boolean;
  readonly color: boolean;
  readonly fps: number;
  readonly appearance: AskedAppearance;
  /** A recording of the dashboard; null: none was asked for. */
  readonly cast: CastPlan | null;
  /** How long the closing screen stays, in milliseconds; null: until a key is pressed. */
  readonly closeAfterMs: number | null;
  /** The console in which the run was chosen; null: one is opened for it. */
  readonly session: Session | null;
  /** Port of the HTTP server. */
  readonly http: number | undefined;
  /** How often each case runs; null: once. */
  readonly repeats: Repeats | null;
  /** Permissions of the n-th scenario's requests. */
  readonly access: (scenario: number) => RequestAccess;
  readonly dumpState: (index: number, plan: CasePlan) => string | null;
  /** Called with every event, before the view. */
  readonly onEvent?: OnEvent;
  /** Called with all results so far after each scenario. */
  readonly onResult: (results: readonly RunResult[]) => void;
  readonly summaryTo: "stdout" | "stderr";
}

export interface Composed {
  readonly results: readonly RunResult[];
  /** The signal that stopped the run, if one did. */
  readonly stoppedBy: StopSignal | null;
  /** The error that broke the dashboard; null: none. */
  readonly viewBroken: string | null;
}

/** Shows the engine's events. */
export interface RunDisplay {
  readonly onEvent: OnEvent;
  /** Resolves when the user has closed it; its closing report goes to the main screen. */
  close(results: readonly RunResult[]): Promise<void>;
  /** Closes it for the user, whether or not a key was pressed. */
  leave(): void;
  /** The error that broke it; null: none. */
  broken(): string | null;
}

/** Time after the last run in which signals still allow results to be written, in milliseconds. */
const WRITING_MS = 2000;

/** Connects the engine to a view and signals to the engine; runs the scenarios one after another. */
export async function compose(scenarios: readonly NamedScenario[], composition: Composition): Promise<Composed> {
  let current: Run | null = null;
  let stoppedBy: Composed["stoppedBy"] = null;
  let finishedAt = Number.POSITIVE_INFINITY;
  let over = false;
  let view: RunDisplay | null = null;
  const stop = (signal: StopSignal) => {
    if (!over) {
      stoppedBy ??= signal;
      current?.stop();
    } else if (finishedAt === Number.POSITIVE_INFINITY) {
      // All is measured and shown: only the closing screen is left to end.
      view?.leave();
    } else if (performance.now() - finishedAt > WRITING_MS) {
      // The signal was not handled in time: it gets its default action.
      composition.signals.close();
      process.kill(process.pid, signal);
    }
  };
  composition.signals.handle(stop);
  const recorder = composition.cast === null ? null : new RunRecorder(composition.cast, scenarios[0]?.scenario.title ?? "", composition);
  view = await openView(composition, { stop, stepRate: (step) => current?.stepRate(step) }, recorder);
  const results: RunResult[] = [];
  const onEvent: OnEvent = (event) => {
    // Stored before it is shown as done.
    composition.onEvent?.(event);
    view.onEvent(event);
    recorder?.onEvent(event);
  };
  try {
    let offset = 0;
    for (const scenario of scenarios) {
      if (stoppedBy !== null) break;
      const first = offset;
      current = startRun(scenario, {
        onEvent,
        // Runs compared with each other use the same calibration.
        calibration: results.findLast(({ machine }) => machine.calibration !== null)?.machine.calibration ?? null,
        http: composition.http,
        repeats: composition.repeats,
        access: composition.access(results.length),
        dumpState: (index, plan) => composition.dumpState(first + index, plan),
      });
      results.push(await current.result);
      offset += plannedModes(scenario.points, composition.repeats?.rounds ?? null).length;
      composition.onResult(results);
    }
  } finally {
    over = true;
    await view.close(results);
    recorder?.end(results);
    finishedAt = performance.now();
  }
  return { results, stoppedBy, viewBroken: view.broken() };
}

/** What keys ask of the run. */
interface Control {
  readonly stop: (signal: "SIGINT") => void;
  readonly stepRate: (step: RateStep) => void;
}

async function openView(composition: Composition, { stop, stepRate }: Control, recorder: RunRecorder | null): Promise<RunDisplay> {
  if (composition.headless || composition.quiet || composition.plain || !isInteractive()) {
    await recorder?.withoutTerminal();
    return lineView(composition, await writersOf(composition));
  }
  const tap = await recorder?.ofTerminal();
  const session = composition.session ?? (await openSession(composition, tap));
  const { Dashboard } = await import("../views/live/dashboard.tsx");
  const { REHEARSAL_MS } = await import("../views/live/rehearsal.ts");
  const { CAPTURES } = await import("./console/captures.ts");
  return new Dashboard(session, {
    ...{ fps: composition.fps, stop: () => stop("SIGINT"), stepRate, closeAfterMs: composition.closeAfterMs },
    captures: CAPTURES,
    rehearseMs: REHEARSAL_MS * rehearsalShare(),
    sessionGoesOn: composition.session !== null,
  });
}

async function openSession({ color, fps, appearance }: Composition, tap?: (bytes: string) => void): Promise<Session> {
  const { Session } = await import("../views/live/session.tsx");
  const { Display } = await import("../views/live/display.ts");
  const display = new Display({ color: hasColors(process.stdout, color), fps, ...appearance, ...(tap === undefined ? {} : { tap }) });
  return new Session(display);
}

/** What is written of a run without a dashboard. */
interface Writers {
  readonly progress: (write: (line: string) => void) => OnEvent;
  readonly summary: (result: RunResult, columns: number | undefined) => string;
}

async function writersOf({ plain }: Composition): Promise<Writers> {
  if (!plain) return { progress: progressLines, summary: closingReport };
  const { plainSentences } = await import("../views/plain/sentences.ts");
  const { plainReport } = await import("../views/plain/closing.ts");
  return { progress: plainSentences, summary: plainReport };
}

function lineView({ quiet, summaryTo }: Composition, { progress, summary }: Writers): RunDisplay {
  const out = summaryTo === "stdout" ? process.stdout : process.stderr;
  return {
    onEvent: quiet ? () => {} : progress((line) => process.stderr.write(`${line}\n`)),
    async close(results) {
      if (quiet) return;
      for (const result of results) out.write(summary(result, widthOf(out)));
      out.write(overview(results));
    },
    leave() {},
    broken: () => null,
  };
}
