import { EXIT } from "../../kernel/exit.ts";
import { UserError } from "../../kernel/problem.ts";
import { quoted } from "../../kernel/text.ts";
import { parseDuration } from "../../kernel/units.ts";
import { replayOf, type TimedEvent } from "../../telemetry/replay.ts";
import type { RunResult } from "../../telemetry/result.ts";
import { type AppearanceFlags, appearanceOf, framesOf } from "../appearance-flags.ts";
import { closeAfterMs } from "../flags.ts";
import { keptResult } from "../kept-result.ts";
import { CastFile, type CastFlags, castPlanOf, castSize, recordedAppearance } from "../recording.ts";
import type { UserSettings } from "../settings.ts";
import type { StopSignal, StopSignals } from "../signals.ts";
import { hasColors, isInteractive, wantsSentences } from "../terminal.ts";

export interface ReplayFlags extends CastFlags, AppearanceFlags {
  readonly speed?: string;
  readonly from?: string;
  readonly closeAfter?: string;
}

const FASTEST = 1000;

/** `lab-tui replay RUN`: plays a past run in the dashboard, or records it. */
export async function replayRun(run: string, flags: ReplayFlags, signals: StopSignals): Promise<number> {
  const cast = castPlanOf(flags);
  const speed = flags.speed === undefined ? 1 : Number(flags.speed);
  if (!(speed > 0 && speed <= FASTEST))
    throw new UserError(`--speed: must be a number above 0, at most ${FASTEST}, got ${quoted(flags.speed)}`);
  const fromMs = fromOf(flags.from);
  const result = keptResult(run);
  const plain = cast === null && wantsSentences(flags.plain);
  const events = replayOf(result).map(({ at, event }): TimedEvent => ({ at: Math.max(0, at - fromMs) / speed, event }));
  if (cast !== null) return record(result, events, flags, new CastFile(cast), castSize(cast, process.stdout));
  if (plain) return tell(result, events, { speed, silentBefore: fromMs > 0 ? 0 : -1 }, signals);
  if (!isInteractive()) throw new UserError("replay draws on a terminal, and there is none; --cast FILE writes a recording");
  return play(result, events, flags, signals);
}

function fromOf(text: string | undefined): number {
  if (text === undefined) return 0;
  const micros = parseDuration(text);
  if (micros === null) throw new UserError(`--from: must be a duration such as 3s, got ${quoted(text)}`);
  return micros / 1000;
}

/** Appearance that ignores the user's settings: a run is recorded alike by everyone. */
const UNSET: UserSettings = {};

async function record(
  result: RunResult,
  events: readonly TimedEvent[],
  flags: ReplayFlags,
  file: CastFile,
  size: { readonly columns: number; readonly rows: number },
): Promise<number> {
  const { HeadlessRecording } = await import("../../views/live/recording.ts");
  const appearance = await recordedAppearance({ color: flags.color !== false, appearance: appearanceOf(flags, UNSET) });
  const header = file.header(size, Math.floor(Date.parse(result.startedAt) / 1000), result.scenario.title);
  let now = 0;
  const recording = new HeadlessRecording(file.write, header, appearance, { fps: framesOf(flags, UNSET), now: () => now });
  for (const { at, event } of events) {
    now = at;
    recording.onEvent(event);
  }
  recording.end([result]);
  const problem = file.close();
  if (problem !== null) throw new UserError(`--cast: ${problem}`);
  return EXIT.done;
}

async function play(result: RunResult, events: readonly TimedEvent[], flags: ReplayFlags, signals: StopSignals): Promise<number> {
  const { Session } = await import("../../views/live/session.tsx");
  const { Display } = await import("../../views/live/display.ts");
  const { Dashboard } = await import("../../views/live/dashboard.tsx");
  const { CAPTURES } = await import("../console/captures.ts");
  const fps = framesOf(flags);
  const session = new Session(new Display({ color: hasColors(process.stdout, flags.color), fps, ...appearanceOf(flags) }));
  let stoppedBy: StopSignal | null = null;
  const stop = (signal: StopSignal) => {
    stoppedBy ??= signal;
    dashboard.leave();
  };
  const dashboard = new Dashboard(session, {
    fps,
    stop: () => stop("SIGINT"),
    closeAfterMs: closeAfterMs(flags.closeAfter),
    captures: CAPTURES,
    replaying: true,
  });
  signals.handle(stop);
  await dashboard.play(events);
  await dashboard.close([result]);
  return stoppedBy === null ? EXIT.done : stoppedBy === "SIGINT" ? EXIT.interrupted : EXIT.terminated;
}

/** Milliseconds of the run between two sentences, at its own speed. */
const SENTENCE_EVERY_MS = 5000;

/**
 * Tells a past run in sentences: on a terminal as fast as it is replayed, else at once. What happened at or before `silentBefore`, in
 * milliseconds of the replay, is passed over.
 */
async function tell(
  result: RunResult,
  events: readonly TimedEvent[],
  { speed, silentBefore }: { readonly speed: number; readonly silentBefore: number },
  signals: StopSignals,
): Promise<number> {
  const { plainSentences } = await import("../../views/plain/sentences.ts");
  const { plainReport } = await import("../../views/plain/closing.ts");
  const stopped = Promise.withResolvers<StopSignal>();
  signals.handle((signal) => stopped.resolve(signal));
  let at = 0;
  const onEvent = plainSentences((line) => at > silentBefore && process.stdout.write(`${line}\n`), { everyMs: SENTENCE_EVERY_MS * speed });
  const begun = performance.now();
  for (const timed of events) {
    const wait = process.stdout.isTTY === true ? timed.at - (performance.now() - begun) : 0;
    const signal = wait > 0 ? await Promise.race([stopped.promise, Bun.sleep(wait)]) : undefined;
    if (signal !== undefined) return signal === "SIGINT" ? EXIT.interrupted : EXIT.terminated;
    at = timed.at;
    onEvent(timed.event);
  }
  process.stdout.write(plainReport(result));
  return EXIT.done;
}
