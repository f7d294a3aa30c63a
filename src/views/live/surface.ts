import { Canvas } from "../canvas/canvas.ts";
import { difference, type StyleCode } from "../canvas/difference.ts";

/** What a surface is drawn on. */
export interface Painted {
  readonly columns: number;
  readonly rows: number;
  /** False while the terminal is another's, or has not yet taken the last picture. */
  readonly ready: boolean;
  paint(bytes: string): void;
}

export type Draw = (canvas: Canvas) => void;

/** More cells than any terminal has that somebody looks at. */
const MOST_CELLS = 500_000;

/** How long a terminal that is not ready is left alone, in milliseconds. */
const RETRY_MS = 50;

/** The cursor is left where it was, and a terminal that can shows all of it at once (mode 2026, "synchronized output"). */
const BEGIN = "\u001b[?2026h\u001b7";
const END = "\u001b8\u001b[?2026l";

/**
 * The cells of the screen, of which only those that have changed are written. While something is shown on it, whatever else is written to the
 * terminal is painted over.
 */
export class Surface {
  /** What the terminal shows; null: not known. */
  private shown: Canvas | null = null;
  private spare: Canvas | null = null;
  private drawing: Draw | null = null;
  private owed = false;
  /** A picture waits for the terminal. */
  private waiting = false;
  /** Time that pictures have taken so far, in milliseconds. */
  spentMs = 0;

  constructor(
    private readonly terminal: Painted,
    private code: StyleCode,
    private readonly now: () => number = () => performance.now(),
    private readonly later: (act: () => void) => void = (act) => setTimeout(act, RETRY_MS),
  ) {}

  /** From now on the screen shows what this draws; null: what others write to it. */
  show(draw: Draw | null): void {
    if (draw === null && this.drawing !== null) this.wipe();
    this.drawing = draw;
    this.paint();
  }

  /** Draws nothing more, not even its own absence. */
  end(): void {
    this.drawing = null;
    this.shown = null;
  }

  /** Leaves nothing of itself to who draws next. */
  private wipe(): void {
    this.show(() => {});
    this.shown = null;
  }

  /** Colours mean something else from now on. */
  recolor(code: StyleCode): void {
    this.code = code;
    this.shown = null;
    this.paint();
  }

  /** Another has written to the terminal: what it shows is not known, and is painted over as soon as all of that is written. */
  disturbed(): void {
    this.shown = null;
    if (this.drawing === null || this.owed) return;
    this.owed = true;
    queueMicrotask(() => {
      this.owed = false;
      this.paint();
    });
  }

  /** Draws the picture as it is now. */
  paint(): void {
    const { terminal, drawing } = this;
    const { columns, rows } = terminal;
    if (drawing === null || columns * rows > MOST_CELLS || columns < 1 || rows < 1) return;
    if (!terminal.ready) {
      this.retry();
      return;
    }
    const from = this.now();
    const canvas = this.blank(columns, rows);
    drawing(canvas);
    const bytes = difference(this.shown, canvas, this.code);
    if (bytes !== "") terminal.paint(BEGIN + bytes + END);
    this.spare = this.shown;
    this.shown = canvas;
    this.spentMs += this.now() - from;
  }

  private retry(): void {
    if (this.waiting) return;
    this.waiting = true;
    this.later(() => {
      this.waiting = false;
      this.paint();
    });
  }

  private blank(columns: number, rows: number): Canvas {
    const { spare } = this;
    if (spare === null || spare.width !== columns || spare.height !== rows) return new Canvas(columns, rows);
    spare.clear();
    return spare;
  }
}
