import type { RunEvent } from "../../telemetry/events.ts";
import { rateChangeText } from "../../telemetry/rate-changes.ts";
import type { RateChange } from "../../telemetry/result.ts";
import { Canvas } from "../canvas/canvas.ts";
import { difference, type StyleCode } from "../canvas/difference.ts";
import type { CastWriter } from "../export/cast.ts";
import { caseName } from "../report/closing.ts";
import type { PictureLook } from "./picture/look.ts";
import { FIRST_STATE, RUN_ACTIONS, type RunAction } from "./screens/run-actions.ts";
import { contextOf, drawScreen } from "./screens/run-drawing.ts";
import { EMPTY_VIEW, type RunView, reduce } from "./store.ts";

/** Markers of a recording: beginnings of cases, other arrival rates, first drops, failed thresholds. */
export class CastMarkers {
  private dropping = false;
  /** Index of the case that began last. */
  private begun = -1;
  /** Changes of its arrival rate that are to come: it has those of the case before from its beginning. */
  private coming: readonly RateChange[] = [];
  private names: readonly string[] = [];

  /** Markers of an event. */
  of(event: RunEvent): string[] {
    switch (event.type) {
      case "run-started":
        this.names = event.cases.map((one) => caseName(one));
        return [];
      case "case-started":
        this.dropping = false;
        this.begun = event.index;
        return [this.names[event.index] ?? ""];
      case "rate-changed":
        if (event.index === this.begun) return event.changes.slice(-1).map(rateMarker);
        this.coming = event.changes;
        return [];
      case "sample": {
        const begins = event.snapshot.dropped > 0 && !this.dropping;
        this.dropping ||= begins;
        return [...this.rateMarkers(event.snapshot.t), ...(begins ? ["drops begin"] : [])];
      }
      case "case-finished":
        this.coming = [];
        return (event.verdicts ?? []).filter(({ ok }) => !ok).map(({ metric, expression }) => `threshold failed: ${metric} ${expression}`);
      case "run-finished":
        return ["finished"];
      default:
        return [];
    }
  }

  /** Markers of the changes until an instant of the case. */
  private rateMarkers(until: number): string[] {
    const come = this.coming.filter(({ atMs }) => atMs <= until);
    this.coming = this.coming.slice(come.length);
    return come.map(rateMarker);
  }
}

function rateMarker(change: RateChange): string {
  return `rate ${rateChangeText(change)}`;
}

export interface CastPicture {
  readonly code: StyleCode;
  readonly look: PictureLook;
  /** Most frames per second. */
  readonly fps: number;
  /** The actions whose keys stand in the footer. */
  readonly actions?: readonly RunAction[];
}

/** Alternate screen, cursor hidden. */
const BEGIN = "\u001b[?1049h\u001b[?25l\u001b[2J";
const END = "\u001b[?25h\u001b[?1049l";

/** Records the dashboard of a run from its events, without a terminal: the same events at the same times yield the same bytes. */
export class CastPainter {
  private readonly markers = new CastMarkers();
  private view: RunView = EMPTY_VIEW;
  private shown: Canvas | null = null;
  private drawnAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly cast: CastWriter,
    private readonly size: { readonly columns: number; readonly rows: number },
    private readonly picture: CastPicture,
  ) {
    cast.output(0, BEGIN);
  }

  /** `ms`: since the beginning. */
  event(ms: number, event: RunEvent): void {
    this.view = reduce(this.view, event);
    for (const label of this.markers.of(event)) this.cast.marker(ms, label);
    // Events of one turn are drawn at once, samples at the frame rate.
    if (event.type === "sample" && ms - this.drawnAt < 1000 / this.picture.fps) return;
    this.draw(ms);
  }

  /** Draws the closing screen and, at `ms`, restores the terminal; `after`: text left on the main screen. */
  end(ms: number, after: string): void {
    this.view = { ...this.view, over: true };
    this.draw(ms);
    this.cast.output(ms, END + after.replaceAll("\n", "\r\n"));
  }

  private draw(ms: number): void {
    const { columns, rows } = this.size;
    const { look, code, actions = RUN_ACTIONS } = this.picture;
    const canvas = new Canvas(columns, rows);
    const aside = { notice: "", recording: false, actions };
    drawScreen(canvas, this.view, FIRST_STATE, contextOf(this.view, columns, rows), look, aside);
    this.cast.output(ms, difference(this.shown, canvas, code));
    this.shown = canvas;
    this.drawnAt = ms;
  }
}
