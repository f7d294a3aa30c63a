import { inForeground, suspendJob } from "../../kernel/parent.ts";
import { terminalBehind } from "../../kernel/terminal-writer.ts";
import { MOUSE_OFF, MOUSE_ON, type Pointed, pointedBy } from "./mouse.ts";

const WRAP = "\x1b[?7h";
/**
 * Long lines are cut, not wrapped: a terminal that has become narrower is drawn on once before its new width is known, and wrapping would
 * scroll the picture away.
 */
const CUT = "\x1b[?7l";
/** The alternate screen, empty, and no cursor. */
const ALTERNATE = "\x1b[?1049h\x1b[2J\x1b[?25l";
/** Long lines wrapped, the main screen, the cursor visible, no reports of the mouse. */
const RESTORED = `${WRAP}\x1b[?1049l\x1b[?25h${MOUSE_OFF}`;

/** Interval in which a background job checks whether the terminal is its own again, in milliseconds. */
const BEHIND_MS = 200;

/** Time in which signals from before a suspension are heard once it is over, in milliseconds. */
const HEARD_MS = 10;

/** Signals that end a process by default, except for those handled elsewhere. */
const FATAL = ["SIGQUIT", "SIGABRT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGXCPU", "SIGTRAP", "SIGSYS"] as const;

/** Main screen, cursor visible, cooked mode, long lines wrapped; harmless when all is so already. */
export function restoreTerminal(): void {
  const { stdin, stdout } = process;
  if (stdin.isTTY && stdin.isRaw) {
    try {
      stdin.setRawMode(false);
    } catch {
      // A terminal that is gone has no mode.
    }
  }
  if (stdout.isTTY) stdout.write(RESTORED);
}

/**
 * The terminal while it is drawn on: raw mode, lines that are cut, and every byte written to it. It is restored on every way out: when it
 * is left, at the process's end, and before a signal ends the process.
 *
 *     free --take--> taken --leave--> free        taken --lend--> the shell's, while the job stands still --> taken
 */
export class Terminal {
  /** Lines for the main screen, which is hidden while it is drawn on. */
  private readonly notes: string[] = [];
  /** Texts for its standard output, likewise. */
  private readonly printed: string[] = [];
  /** Undoes what `take` did; null: free. */
  private undo: (() => void) | null = null;
  /** Resolves once it is released; null: it is not being released. */
  private leaving: Promise<void> | null = null;
  /** Lent to the shell. */
  private lent = false;
  /** The mouse is reported. */
  private mouse = false;
  /** Writes without a notification. */
  private write: (bytes: string) => void = () => {};
  /** Called when something other than `paint` writes to it. */
  onForeign = (): void => {};
  /** Called with what is done with the mouse, while it is reported. */
  onPointed = (_: Pointed): void => {};
  /** Called when its size has changed. */
  onResize = (_columns: number, _rows: number): void => {};

  /** `tap`: receives all output while the terminal is taken. */
  constructor(public tap: (bytes: string) => void = () => {}) {}

  get taken(): boolean {
    return this.undo !== null;
  }

  /** Options for Ink: the alternate screen, with a frame rate. */
  drawing(fps: number) {
    const { stdin, stdout, stderr } = process;
    return {
      ...{ stdin, stdout, stderr, maxFps: fps },
      ...{ interactive: true, alternateScreen: true, incrementalRendering: true, exitOnCtrlC: false, patchConsole: false },
    };
  }

  /** `onInputOver`: called when the keyboard input has ended. */
  take(onInputOver: () => void): void {
    const { stdin, stdout } = process;
    const resized = () => this.onResize(stdout.columns, stdout.rows);
    stdout.on("resize", resized);
    const undo = [outliveTerminal(stdin), restoreAtSignals(), this.listen(), () => stdout.off("resize", resized)];
    process.on("exit", restoreTerminal);
    stdin.on("end", onInputOver);
    this.undo = () => {
      process.off("exit", restoreTerminal);
      stdin.off("data", this.point);
      stdin.off("end", onInputOver);
      for (const one of undo) one();
    };
    // Before the first frame: keys typed as soon as it shows must not pass through the terminal's line editor.
    if (stdin.isTTY) stdin.setRawMode(true);
    if (stdout.isTTY) stdout.write(CUT);
  }

  /** Hides the main screen, before the renderer does. */
  hideMain(): void {
    if (process.stdout.isTTY) process.stdout.write(ALTERNATE);
  }

  /** Releases it, once: further calls meanwhile wait for the same release. `stopDrawing` may draw a last frame, which would not be seen. */
  leave(stopDrawing: () => Promise<unknown> | void): Promise<void> {
    const { undo } = this;
    if (undo === null) return Promise.resolve();
    this.leaving ??= this.release(stopDrawing, undo).finally(() => {
      this.leaving = null;
    });
    return this.leaving;
  }

  private async release(stopDrawing: () => Promise<unknown> | void, undo: () => void): Promise<void> {
    const { stdout } = process;
    const { write } = stdout;
    stdout.write = (chunk: string | Uint8Array, encoding?: unknown, done?: unknown): boolean => {
      // A signal that comes now restores the terminal all the same.
      if (chunk === RESTORED) return write.call(stdout, chunk);
      const told = typeof encoding === "function" ? encoding : done;
      if (typeof told === "function") queueMicrotask(() => told(null));
      return true;
    };
    try {
      await stopDrawing();
    } finally {
      stdout.write = write;
      restoreTerminal();
      undo();
      this.undo = null;
      for (const line of this.notes.splice(0)) this.note(line);
      for (const text of this.printed.splice(0)) this.print(text);
    }
  }

  /**
   * Lends the terminal to the shell; it may have another size afterwards. `standing`: suspend the job until the shell resumes it; else it
   * has been suspended already, and only takes the terminal again. A background job waits for the terminal.
   */
  async lend(standing: boolean): Promise<void> {
    await this.lendTo(async () => {
      if (standing) {
        suspendJob();
        // Stops sent before this one are heard only now, and were the same request.
        await Bun.sleep(HEARD_MS);
      }
      while (!inForeground()) await Bun.sleep(BEHIND_MS);
    });
    process.kill(process.pid, "SIGWINCH");
  }

  /** Another program has the terminal while this lasts. */
  async lendTo(work: () => Promise<void>): Promise<void> {
    const { stdout } = process;
    this.lent = true;
    try {
      if (stdout.isTTY) stdout.write(this.lending);
      await work();
      if (stdout.isTTY) stdout.write(this.taking);
    } finally {
      this.lent = false;
    }
  }

  /** Starts or stops reports of the mouse. Returns whether it is reported now. */
  toggleMouse(): boolean {
    this.mouse = !this.mouse;
    process.stdout.write(this.mouse ? MOUSE_ON : MOUSE_OFF);
    // Beside what else reads the keyboard, which takes the chunks.
    if (this.mouse) process.stdin.on("data", this.point);
    else process.stdin.off("data", this.point);
    return this.mouse;
  }

  private readonly point = (chunk: unknown) => {
    for (const pointed of pointedBy(String(chunk))) this.onPointed(pointed);
  };

  private get lending(): string {
    return this.mouse ? WRAP + MOUSE_OFF : WRAP;
  }

  private get taking(): string {
    return this.mouse ? CUT + MOUSE_ON : CUT;
  }

  /** Writes a picture. */
  paint(bytes: string): void {
    this.write(bytes);
  }

  /** Watches for other output until the returned function is called. */
  private listen(): () => void {
    const { stdout } = process;
    const { write } = stdout;
    this.write = (bytes) => {
      this.tap(bytes);
      write.call(stdout, bytes);
    };
    stdout.write = ((...given: Parameters<typeof write>): boolean => {
      this.tap(String(given[0]));
      this.onForeign();
      return write.apply(stdout, given);
    }) as typeof write;
    return () => {
      stdout.write = write;
      this.write = () => {};
    };
  }

  /** A line for standard error, shown once the main screen is visible. */
  note(line: string): void {
    if (this.taken) this.notes.push(line);
    else process.stderr.write(`${line}\n`);
  }

  /** Text for standard output, shown on the main screen. */
  print(text: string): void {
    if (this.taken) {
      this.printed.push(text);
      return;
    }
    // As the terminal shows it: it begins a line anew at each line feed.
    this.tap(text.replaceAll("\n", "\r\n"));
    process.stdout.write(text);
  }

  get columns(): number {
    return process.stdout.columns;
  }

  get rows(): number {
    return process.stdout.rows;
  }

  /** True when it is ours and has taken all output. */
  get ready(): boolean {
    return this.taken && !this.lent && !terminalBehind();
  }
}

/** Ignores errors of a terminal that closes, which SIGHUP reports, until the returned function is called. */
function outliveTerminal(stdin: typeof process.stdin): () => void {
  const nothing = () => {};
  const { setRawMode } = stdin;
  stdin.on("error", nothing);
  if (stdin.isTTY)
    stdin.setRawMode = (raw) => {
      try {
        return setRawMode.call(stdin, raw);
      } catch {
        return stdin;
      }
    };
  return () => {
    stdin.off("error", nothing);
    if (stdin.isTTY) stdin.setRawMode = setRawMode;
  };
}

function restoreAtSignals(): () => void {
  const fatal = FATAL.map((signal) => {
    const listener = () => {
      restoreTerminal();
      process.off(signal, listener);
      process.kill(process.pid, signal);
    };
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  return () => {
    for (const forget of fatal) forget();
  };
}
