import type { RunEvent } from "../../telemetry/events.ts";
import type { RunResult } from "../../telemetry/result.ts";
import { type CastHeader, CastWriter } from "../export/cast.ts";
import { closingReport } from "../report/closing.ts";
import { type Bindings, rebound } from "./bindings.ts";
import { CastMarkers, CastPainter } from "./cast-painter.ts";
import { RUN_ACTIONS } from "./screens/run-actions.ts";
import type { Appearance } from "./theme.ts";

/** A recording that grows during a run. */
export interface Recording {
  /** Receives the events of the run. */
  onEvent(event: RunEvent): void;
  /** Ends the recording. */
  end(results: readonly RunResult[]): void;
}

/** Records the output to a terminal, byte for byte, with its changes of size, and marks events of the run. */
export class TerminalRecording implements Recording {
  private readonly cast: CastWriter;
  private readonly markers = new CastMarkers();
  private readonly begun: number;
  private over = false;

  constructor(
    write: (line: unknown) => void,
    header: CastHeader,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.begun = now();
    this.cast = new CastWriter(write, header);
  }

  readonly tap = (bytes: string): void => {
    if (!this.over) this.cast.output(this.now() - this.begun, bytes);
  };

  resized(columns: number, rows: number): void {
    if (!this.over) this.cast.resize(this.now() - this.begun, columns, rows);
  }

  onEvent(event: RunEvent): void {
    for (const label of this.markers.of(event)) this.cast.marker(this.now() - this.begun, label);
  }

  end(): void {
    this.over = true;
  }
}

/** How long the closing screen stays in a recording, in milliseconds. */
const CLOSING_MS = 3000;

export interface HeadlessOptions {
  /** Most frames per second. */
  readonly fps: number;
  /** Keys that the user has given to actions, for the footer. */
  readonly bindings?: Bindings;
  /** Milliseconds. */
  readonly now?: () => number;
}

/** Records the dashboard of a run without a terminal. */
export class HeadlessRecording implements Recording {
  private readonly painter: CastPainter;
  private readonly now: () => number;
  private readonly begun: number;

  constructor(
    write: (line: unknown) => void,
    private readonly header: CastHeader,
    private readonly appearance: Appearance,
    { fps, bindings = {}, now = () => performance.now() }: HeadlessOptions,
  ) {
    this.now = now;
    this.begun = now();
    const { look } = appearance;
    const actions = rebound("run", RUN_ACTIONS, bindings);
    this.painter = new CastPainter(new CastWriter(write, header), header, { code: appearance.codes(), look, fps, actions });
  }

  onEvent(event: RunEvent): void {
    this.painter.event(this.now() - this.begun, event);
  }

  end(results: readonly RunResult[]): void {
    const summary = results.map((result) => closingReport(result, this.header.columns, this.appearance.ink.painter)).join("");
    this.painter.end(this.now() - this.begun + CLOSING_MS, summary);
  }
}
