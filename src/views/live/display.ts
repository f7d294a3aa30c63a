import type { Bindings } from "./bindings.ts";
import { type Draw, Surface } from "./surface.ts";
import { Terminal } from "./terminal.ts";
import { Appearance, type AppearanceOptions } from "./theme.ts";

/** Frames per second after keys, however few frames of the run there are. */
const KEYS_FPS = 10;
/** The same where no run is measured meanwhile. */
const LIST_FPS = 30;

export interface DisplayOptions extends AppearanceOptions {
  /** Most frames per second while something runs; absent: nothing runs yet. */
  readonly fps?: number;
  /** Is given all that is written to the terminal. */
  readonly tap?: (bytes: string) => void;
  /** Keys that the user has given to actions. */
  readonly bindings?: Bindings;
}

/**
 * The terminal, taken, and the cells drawn on it: what there is before a session with its screens. It loads no Ink, which takes longer than
 * all else of a start.
 */
export class Display {
  readonly terminal: Terminal;
  /** Cells drawn without Ink. */
  readonly surface: Surface;
  readonly appearance: Appearance;
  readonly bindings: Bindings;
  readonly fps: number;
  /** The keyboard input has ended. */
  inputOver = false;
  onInputOver = (): void => {};
  /** Ends what a session draws. */
  stopDrawing = async (): Promise<void> => {};

  constructor({ fps = LIST_FPS, tap, bindings = {}, ...appearance }: DisplayOptions) {
    this.terminal = new Terminal(tap);
    this.appearance = new Appearance(appearance);
    this.bindings = bindings;
    this.fps = Math.max(KEYS_FPS, fps);
    this.surface = new Surface(this.terminal, this.appearance.codes());
    this.terminal.onForeign = () => this.surface.disturbed();
    this.terminal.take(() => {
      this.inputOver = true;
      this.onInputOver();
    });
  }

  /** Shows a picture that the first screen then draws over. Keys typed meanwhile wait for that screen. */
  open(draw: Draw): void {
    this.terminal.hideMain();
    this.surface.show(draw);
  }

  /** Stops drawing and restores the terminal; idempotent. */
  leave(): Promise<void> {
    this.surface.end();
    return this.terminal.leave(this.stopDrawing);
  }
}
