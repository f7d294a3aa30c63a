import { Canvas } from "../canvas/canvas.ts";
import { difference, type StyleCode } from "../canvas/difference.ts";
import { MOST_CELLS } from "../canvas/names.ts";

/** The output of a surface. */
export interface Painted {
  readonly columns: number;
  readonly rows: number;
  /** False while the terminal is not ours, or has not yet taken the last frame. */
  readonly ready: boolean;
  paint(bytes: string): void;
}

export type Draw = (canvas: Canvas) => void;

/** Wait before a terminal that is not ready is tried again, in milliseconds. */
const RETRY_MS = 50;

/** A terminal that can shows all of it at once (mode 2026, "synchronized output"). */
const BEGIN = "\u001b[?2026h";
const END = "\u001b[?2026l";

/**
 * Leaves the cursor below the picture: there Ink expects it, and there a shell goes on that has stopped the job without its knowledge.
 */
const below = (rows: number): string => `\u001b[${rows};1H`;

/** The cells of the screen; only changed cells are written. While it shows something, other output to the terminal is painted over. */
export class Surface {
  /** Content of the terminal; null: unknown. */
  private shown: Canvas | null = null;
  private spare: Canvas | null = null;
  private drawing: Draw | null = null;
  private owed = false;
  /** A frame waits for the terminal. */
  private waiting = false;
  private rehearsed = false;
  /** Time spent on frames so far, in milliseconds. */
  spentMs = 0;

  constructor(
    private readonly terminal: Painted,
    private code: StyleCode,
    private readonly now: () => number = threadCpuMs,
    private readonly later: (act: () => void) => void = (act) => setTimeout(act, RETRY_MS),
  ) {}

  /** Shows what `draw` draws from now on; null: what others write to the terminal. */
  show(draw: Draw | null): void {
    if (draw === null && this.drawing !== null) this.wipe();
    this.drawing = draw;
    this.paint();
  }

  /** Ends all drawing, without erasing. */
  end(): void {
    this.drawing = null;
    this.shown = null;
  }

  /** Erases its content for the next one to draw. */
  private wipe(): void {
    this.show(() => {});
    this.shown = null;
  }

  /** Writes the whole picture again. */
  repaint(): void {
    this.shown = null;
    this.paint();
  }

  /** Redraws with other colours. */
  recolor(code: StyleCode): void {
    this.code = code;
    this.repaint();
  }

  /** Notes that others wrote to the terminal: its content is unknown, and is painted over once they are done. */
  disturbed(): void {
    this.shown = null;
    if (this.drawing === null || this.owed) return;
    this.owed = true;
    queueMicrotask(() => {
      this.owed = false;
      this.paint();
    });
  }

  /** Draws pictures that are not shown. The first time only: their code is compiled then. One that cannot be drawn ends it. */
  rehearse(pictures: Iterable<Draw>): void {
    if (this.rehearsed || !this.fits()) return;
    this.rehearsed = true;
    let before: Canvas | null = null;
    try {
      for (const draw of pictures) {
        const canvas = new Canvas(this.terminal.columns, this.terminal.rows);
        draw(canvas);
        difference(before, canvas, this.code);
        before = canvas;
      }
    } catch {
      // It is told when it is to be shown.
    }
  }

  /** Draws the present picture. */
  paint(): void {
    const { terminal, drawing } = this;
    const { columns, rows } = terminal;
    if (drawing === null || !this.fits()) return;
    if (!terminal.ready) {
      this.retry();
      return;
    }
    const from = this.now();
    const canvas = this.blank(columns, rows);
    drawing(canvas);
    const bytes = difference(this.shown, canvas, this.code);
    if (bytes !== "") terminal.paint(BEGIN + bytes + below(rows) + END);
    this.spare = this.shown;
    this.shown = canvas;
    this.spentMs += this.now() - from;
  }

  private fits(): boolean {
    const { columns, rows } = this.terminal;
    return columns * rows <= MOST_CELLS && columns >= 1 && rows >= 1;
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

/** CPU time of this thread, in milliseconds: what others do on its core is no cost of a picture's. */
function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
