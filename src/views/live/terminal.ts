import { inForeground, suspendJob } from "../../kernel/parent.ts";
import { terminalBehind } from "../../kernel/terminal-writer.ts";

const WRAP = "\x1b[?7h";
/**
 * Lines that are too long are cut, not wrapped: a terminal that has become narrower is drawn on once before its new width is known, and
 * what wraps then would scroll the picture away.
 */
const CUT = "\x1b[?7l";
/** Long lines wrapped, the main screen, the cursor shown. */
const RESTORED = `${WRAP}\x1b[?1049l\x1b[?25h`;

/** How often a job that goes on behind the shell looks whether the terminal is its own again, in milliseconds. */
const BEHIND_MS = 200;

/** What ends a process that does not listen, a hang-up and the polite ones aside: those are heard elsewhere. */
const FATAL = ["SIGQUIT", "SIGABRT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGXCPU", "SIGTRAP", "SIGSYS"] as const;

/** Main screen, cursor shown, cooked mode, long lines wrapped: harmless when all is so already. */
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
 * The terminal while it is drawn on: raw mode, lines that are cut, and every byte that goes to it. It is put back on every way out: when it
 * is left, at the process's end, and before a signal ends the process.
 *
 *     free --take--> taken --leave--> free        taken --lend--> the shell's, while the job stands still --> taken
 */
export class Terminal {
  /** Lines for the main screen, which are covered as long as it is drawn on. */
  private readonly notes: string[] = [];
  /** Undoes what `take` did; null: free. */
  private undo: (() => void) | null = null;
  /** It is the shell's for a while. */
  private lent = false;
  /** Writes without telling that something was written. */
  private write: (bytes: string) => void = () => {};
  /** Called when another than `paint` writes to it. */
  onForeign = (): void => {};

  /** `tap`: is given all that is written to the terminal while it is taken. */
  constructor(private readonly tap: (bytes: string) => void = () => {}) {}

  get taken(): boolean {
    return this.undo !== null;
  }

  /** What Ink draws with: on the alternate screen, as many pictures a second at most. */
  drawing(fps: number) {
    const { stdin, stdout, stderr } = process;
    return {
      ...{ stdin, stdout, stderr, maxFps: fps },
      ...{ interactive: true, alternateScreen: true, incrementalRendering: true, exitOnCtrlC: false, patchConsole: false },
    };
  }

  /** `onInputOver`: the keyboard is at its end. */
  take(onInputOver: () => void): void {
    const { stdin, stdout } = process;
    const undo = [outliveTerminal(stdin), restoreAtSignals(), this.listen()];
    process.on("exit", restoreTerminal);
    stdin.on("end", onInputOver);
    this.undo = () => {
      process.off("exit", restoreTerminal);
      stdin.off("end", onInputOver);
      for (const one of undo) one();
    };
    // Before the first picture: what is typed the moment it shows must not pass through the line editor of the terminal.
    if (stdin.isTTY) stdin.setRawMode(true);
    if (stdout.isTTY) stdout.write(CUT);
  }

  /** Gives it back; `stopDrawing` may draw a last picture, which nobody would see. */
  async leave(stopDrawing: () => Promise<unknown> | void): Promise<void> {
    if (this.undo === null) return;
    const { stdout } = process;
    const { write } = stdout;
    stdout.write = (chunk: string | Uint8Array, encoding?: unknown, done?: unknown): boolean => {
      // A signal that comes now puts the terminal back all the same.
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
      this.undo();
      this.undo = null;
      for (const line of this.notes.splice(0)) this.note(line);
    }
  }

  /**
   * The terminal is the shell's meanwhile, and may have another size afterwards. `standing`: the job stands still until the shell says to go
   * on; else it has stood still, and only takes the terminal anew. One that goes on behind the shell waits for the terminal.
   */
  async lend(standing: boolean): Promise<void> {
    const { stdout } = process;
    this.lent = true;
    try {
      if (stdout.isTTY) stdout.write(WRAP);
      if (standing) suspendJob();
      while (!inForeground()) await Bun.sleep(BEHIND_MS);
      if (stdout.isTTY) stdout.write(CUT);
    } finally {
      this.lent = false;
    }
    process.kill(process.pid, "SIGWINCH");
  }

  /** Writes a picture. */
  paint(bytes: string): void {
    this.write(bytes);
  }

  /** Hears what others write to it, until what is returned is called. */
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

  /** A line for the main screen's standard error, as soon as it is to be seen. */
  note(line: string): void {
    if (this.taken) this.notes.push(line);
    else process.stderr.write(`${line}\n`);
  }

  /** Text for the main screen's standard output. */
  print(text: string): void {
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

  /** It is ours, and has taken all that was written. */
  get ready(): boolean {
    return this.taken && !this.lent && !terminalBehind();
  }
}

/** A terminal that closes is no defect of the lab's: SIGHUP says what it means. Until what is returned is called. */
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
