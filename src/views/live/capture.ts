import type { RunEvent } from "../../telemetry/events.ts";
import { Canvas } from "../canvas/canvas.ts";
import type { CastHeader } from "../export/cast.ts";
import { svgOf } from "../export/svg.ts";
import { TerminalRecording } from "./recording.ts";
import type { Session } from "./session.tsx";
import type { Draw } from "./surface.ts";

/** A file of a recording that has been opened. */
export interface CaptureFile {
  readonly name: string;
  readonly header: CastHeader;
  readonly write: (line: unknown) => void;
  /** Closes it; why it is not whole, or null. */
  readonly close: () => string | null;
}

/** Writes what the user keeps of a run, under free names that begin with a given one. */
export interface CaptureTarget {
  /** Resolves with the names of the files. Throws a sentence. */
  picture(base: string, svg: string): Promise<readonly string[]>;
  /** Throws a sentence. */
  recording(base: string, size: { readonly columns: number; readonly rows: number }): CaptureFile;
}

interface Running {
  readonly file: CaptureFile;
  readonly recording: TerminalRecording;
  /** Where output went before, and goes besides. */
  readonly tap: (bytes: string) => void;
}

/** How long the name of a kept file is shown, in milliseconds. */
const NOTICE_MS = 4000;

/** Pictures and recordings of a run that the user asks for while looking at it, and the notices about them. */
export class Capture {
  /** Shown in place of the keys; "" for nothing. */
  notice = "";
  private running: Running | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** `target`: null where nothing can be written. */
  constructor(
    private readonly session: Session,
    private readonly target: CaptureTarget | null,
  ) {}

  get recording(): boolean {
    return this.running !== null;
  }

  /** Saves what is shown as a picture. */
  async picture(base: string, draw: Draw): Promise<void> {
    const { terminal, appearance } = this.session;
    const canvas = new Canvas(terminal.columns, terminal.rows);
    draw(canvas);
    await this.tell(
      async () =>
        `saved ${(await this.target?.picture(base, svgOf(canvas, appearance.theme, `lab-tui: ${base}`)))?.join(", ") ?? "nothing"}`,
    );
  }

  /** Starts or stops a recording of the terminal. */
  async toggleRecording(base: string): Promise<void> {
    const { terminal, surface } = this.session;
    if (this.running !== null) {
      const { file } = this.running;
      await this.tell(async () => this.end() ?? `recorded ${file.name}`);
      return;
    }
    await this.tell(async () => {
      if (this.target === null) return "nothing can be recorded here";
      const file = this.target.recording(base, { columns: terminal.columns, rows: terminal.rows });
      const recording = new TerminalRecording(file.write, file.header);
      const { tap } = terminal;
      this.running = { file, recording, tap };
      terminal.tap = (bytes) => {
        tap(bytes);
        recording.tap(bytes);
      };
      terminal.onResize = (columns, rows) => recording.resized(columns, rows);
      // A recording begins with the whole picture.
      surface.repaint();
      return `recording ${file.name}; r ends it`;
    });
  }

  onEvent(event: RunEvent): void {
    this.running?.recording.onEvent(event);
  }

  /** Ends what is being recorded; why it is not whole, or null. */
  end(): string | null {
    const { terminal } = this.session;
    const running = this.running;
    this.running = null;
    if (running === null) return null;
    terminal.tap = running.tap;
    terminal.onResize = () => {};
    running.recording.end();
    return running.file.close();
  }

  close(): void {
    clearTimeout(this.timer);
    this.end();
  }

  private async tell(work: () => Promise<string>): Promise<void> {
    try {
      this.notice = await work();
    } catch (error) {
      this.notice = error instanceof Error ? error.message : String(error);
    }
    this.session.surface.paint();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.notice = "";
      this.session.surface.paint();
    }, NOTICE_MS);
  }
}
