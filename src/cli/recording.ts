import { LineFile } from "../kernel/line-file.ts";
import { UserError } from "../kernel/problem.ts";
import { printable, quoted } from "../kernel/text.ts";
import type { OnEvent } from "../telemetry/events.ts";
import type { RunResult } from "../telemetry/result.ts";
import { SMALLEST_SCREEN } from "../views/canvas/names.ts";
import type { CastHeader, CastVersion } from "../views/export/cast.ts";
import type { Recording } from "../views/live/recording.ts";
import type { AskedAppearance } from "./appearance-flags.ts";

/** Flags of commands that record the dashboard. */
export interface CastFlags {
  readonly cast?: string;
  readonly castSize?: string;
  readonly castVersion?: string;
}

/** A requested recording. */
export interface CastPlan {
  readonly file: string;
  readonly version: CastVersion;
  /** Size of the recorded terminal; null: that of the actual terminal. */
  readonly size: { readonly columns: number; readonly rows: number } | null;
}

/** Size of a recording without a terminal. */
const DEFAULT_SIZE = { columns: 120, rows: 40 } as const;
const LARGEST = 1000;

/** The recording requested by flags; null: none. */
export function castPlanOf({ cast, castSize, castVersion }: CastFlags): CastPlan | null {
  if (cast === undefined) {
    if (castSize !== undefined) throw new UserError("--cast-size is of a recording: name its file by --cast");
    if (castVersion !== undefined) throw new UserError("--cast-version is of a recording: name its file by --cast");
    return null;
  }
  const version = castVersion === undefined ? 2 : Number(castVersion);
  if (version !== 2 && version !== 3) throw new UserError(`--cast-version: must be 2 or 3, got ${quoted(castVersion)}`);
  return { file: cast === "-" ? "/dev/stdout" : cast, version, size: castSize === undefined ? null : sizeOf(castSize) };
}

function sizeOf(text: string): { readonly columns: number; readonly rows: number } {
  const [, columns = 0, rows = 0] = (/^(\d+)x(\d+)$/i.exec(text) ?? []).map(Number);
  const fits = columns >= SMALLEST_SCREEN.columns && rows >= SMALLEST_SCREEN.rows && columns <= LARGEST && rows <= LARGEST;
  if (!fits)
    throw new UserError(
      `--cast-size: must be COLSxROWS such as 120x40, from ${SMALLEST_SCREEN.columns}x${SMALLEST_SCREEN.rows} to ${LARGEST}x${LARGEST}, got ${quoted(text)}`,
    );
  return { columns, rows };
}

/** Size to record: as requested, that of the terminal, or 120×40. */
export function castSize({ size }: CastPlan, terminal: { readonly columns?: number; readonly rows?: number }) {
  if (size !== null) return size;
  const { columns = 0, rows = 0 } = terminal;
  return columns >= SMALLEST_SCREEN.columns && rows >= SMALLEST_SCREEN.rows ? { columns, rows } : DEFAULT_SIZE;
}

/** File of a recording, written as it grows. */
export class CastFile {
  private readonly lines: LineFile;

  constructor(private readonly plan: CastPlan) {
    try {
      if (plan.file !== "/dev/stdout") LineFile.create(plan.file);
      this.lines = new LineFile(plan.file);
    } catch (error) {
      throw new UserError(`--cast: ${printable(plan.file, 200)} cannot be written: ${printable(String((error as Error).message), 120)}`);
    }
  }

  header(size: { readonly columns: number; readonly rows: number }, timestamp: number, title: string): CastHeader {
    return { version: this.plan.version, ...size, timestamp, title };
  }

  readonly write = (line: unknown): void => this.lines.add(line);

  /** Closes the file; returns why it is incomplete, null: it is complete. */
  close(): string | null {
    this.lines.close();
    return this.lines.problem;
  }
}

/** A recording is played elsewhere: it has the theme's colours and signs, whatever this terminal supports. */
export async function recordedAppearance({ color, appearance }: { readonly color: boolean; readonly appearance: AskedAppearance }) {
  const { Appearance } = await import("../views/live/theme.ts");
  return new Appearance({ color, level: 3, glyphs: "braille", ...appearance });
}

/** Records a run, on a terminal or without one; which of them is known before anything is drawn. */
export class RunRecorder {
  private readonly file: CastFile;
  private recording: Recording | null = null;

  constructor(
    private readonly plan: CastPlan,
    private readonly title: string,
    private readonly options: { readonly appearance: AskedAppearance; readonly color: boolean; readonly fps: number },
  ) {
    this.file = new CastFile(plan);
  }

  private header(): CastHeader {
    return this.file.header(castSize(this.plan, process.stdout), Math.floor(Date.now() / 1000), printable(this.title, 200));
  }

  /** A function that receives everything written to the terminal. */
  async ofTerminal(): Promise<(bytes: string) => void> {
    const { TerminalRecording } = await import("../views/live/recording.ts");
    const recording = new TerminalRecording(this.file.write, this.header());
    process.stdout.on("resize", () => recording.resized(process.stdout.columns, process.stdout.rows));
    this.recording = recording;
    return recording.tap;
  }

  async withoutTerminal(): Promise<void> {
    const { HeadlessRecording } = await import("../views/live/recording.ts");
    const { fps, appearance } = this.options;
    const { bindings = {} } = appearance;
    this.recording = new HeadlessRecording(this.file.write, this.header(), await recordedAppearance(this.options), { fps, bindings });
  }

  readonly onEvent: OnEvent = (event) => this.recording?.onEvent(event);

  /** Ends the recording; warns if the file is incomplete. */
  end(results: readonly RunResult[]): void {
    this.recording?.end(results);
    const problem = this.file.close();
    if (problem !== null) process.stderr.write(`warning: --cast: ${problem}\n`);
  }
}
