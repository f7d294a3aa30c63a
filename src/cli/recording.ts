import { LineFile } from "../kernel/line-file.ts";
import { UserError } from "../kernel/problem.ts";
import { printable, quoted } from "../kernel/text.ts";
import type { OnEvent } from "../telemetry/events.ts";
import type { RunResult } from "../telemetry/result.ts";
import type { CastHeader, CastVersion } from "../views/export/cast.ts";
import type { Recording } from "../views/live/recording.ts";
import type { AskedAppearance } from "./appearance-flags.ts";

/** The flags of whatever records the dashboard. */
export interface CastFlags {
  readonly cast?: string;
  readonly castSize?: string;
  readonly castVersion?: string;
}

/** A recording that was asked for. */
export interface CastPlan {
  readonly file: string;
  readonly version: CastVersion;
  /** The size of the terminal that is recorded; null: that of the terminal there is. */
  readonly size: { readonly columns: number; readonly rows: number } | null;
}

/** The size of what is recorded where there is no terminal. */
const DEFAULT_SIZE = { columns: 120, rows: 40 } as const;
const SMALLEST = { columns: 60, rows: 18 } as const;
const LARGEST = 1000;

/** What the flags ask to be recorded; null: nothing. */
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
  const fits = columns >= SMALLEST.columns && rows >= SMALLEST.rows && columns <= LARGEST && rows <= LARGEST;
  if (!fits)
    throw new UserError(
      `--cast-size: must be COLSxROWS such as 120x40, from ${SMALLEST.columns}x${SMALLEST.rows} to ${LARGEST}x${LARGEST}, got ${quoted(text)}`,
    );
  return { columns, rows };
}

/** The size to record: asked for, that of the terminal, or 120×40. */
export function castSize({ size }: CastPlan, terminal: { readonly columns?: number; readonly rows?: number }) {
  if (size !== null) return size;
  const { columns = 0, rows = 0 } = terminal;
  return columns >= SMALLEST.columns && rows >= SMALLEST.rows ? { columns, rows } : DEFAULT_SIZE;
}

/** The file of a recording, written as it grows. */
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

  /** Why it is not whole, if something went wrong. */
  close(): string | null {
    this.lines.close();
    return this.lines.problem;
  }
}

/** Records a run, on a terminal or without one. Which of them it is, is known before anything is drawn. */
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

  /** What is to be given all that is written to the terminal. */
  async ofTerminal(): Promise<(bytes: string) => void> {
    const { TerminalRecording } = await import("../views/live/recording.ts");
    const recording = new TerminalRecording(this.file.write, this.header());
    process.stdout.on("resize", () => recording.resized(process.stdout.columns, process.stdout.rows));
    this.recording = recording;
    return recording.tap;
  }

  async withoutTerminal(): Promise<void> {
    const { HeadlessRecording } = await import("../views/live/recording.ts");
    const { Appearance } = await import("../views/live/theme.ts");
    const { appearance, color, fps } = this.options;
    // It is seen elsewhere: with the colours and signs of the theme, whatever there is here.
    const look = new Appearance({ color, level: 3, glyphs: "braille", ...appearance });
    this.recording = new HeadlessRecording(this.file.write, this.header(), look, fps);
  }

  readonly onEvent: OnEvent = (event) => this.recording?.onEvent(event);

  /** The run is over; says so where the file is not whole. */
  end(results: readonly RunResult[]): void {
    this.recording?.end(results);
    const problem = this.file.close();
    if (problem !== null) process.stderr.write(`warning: --cast: ${problem}\n`);
  }
}
