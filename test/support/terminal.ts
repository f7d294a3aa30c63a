import { afterEach } from "bun:test";
import { Terminal } from "@xterm/headless";
import { cleanEnv, MAIN, ROOT } from "./cli.ts";

/** The console in a real pseudo-terminal, seen through a terminal emulator. */
export class Screen {
  /** Everything the program has written. */
  raw = "";
  /** The exit code, once all that was written before it is on the screen. */
  readonly exited: Promise<number>;
  private readonly screen: Terminal;
  private readonly child: Bun.Subprocess;

  constructor(
    args: readonly string[],
    options: {
      readonly columns?: number;
      readonly rows?: number;
      readonly env?: Record<string, string>;
      readonly entry?: string;
      /** What to start instead of the console. */
      readonly command?: readonly string[];
      readonly cwd?: string;
    } = {},
  ) {
    const { columns = 80, rows = 24 } = options;
    this.screen = new Terminal({ cols: columns, rows, allowProposedApi: true });
    const decoder = new TextDecoder();
    const silent = Promise.withResolvers<void>();
    this.child = Bun.spawn([...(options.command ?? [process.execPath, options.entry ?? MAIN]), ...args], {
      cwd: options.cwd ?? ROOT,
      env: cleanEnv(options.env),
      terminal: {
        cols: columns,
        rows,
        data: (_, data) => {
          const text = decoder.decode(data, { stream: true });
          this.raw += text;
          this.screen.write(text);
        },
        exit: () => silent.resolve(),
      },
    });
    // A runner that outlives the console by a moment keeps the terminal open: the end of output is waited for, but not for ever.
    this.exited = this.child.exited.then(async (code) => {
      await Promise.race([silent.promise, Bun.sleep(1000)]);
      await this.lines();
      return code;
    });
  }

  get pid(): number {
    return this.child.pid;
  }

  /** The lines as they stand on the screen now. */
  async lines(): Promise<string[]> {
    await new Promise<void>((resolve) => this.screen.write("", resolve));
    const { cols, rows, buffer } = this.screen;
    const { active } = buffer;
    // The emulator remembers what lies beyond its width since it became narrower.
    return Array.from({ length: rows }, (_, row) => active.getLine(active.baseY + row)?.translateToString(true, 0, cols) ?? "");
  }

  /** All lines that the terminal remembers, those that have scrolled away first. */
  async history(): Promise<string> {
    await this.lines();
    const { active } = this.screen.buffer;
    return Array.from({ length: active.length }, (_, y) => active.getLine(y)?.translateToString(true) ?? "").join("\n");
  }

  async text(): Promise<string> {
    return (await this.lines()).join("\n");
  }

  /** A frame is being drawn: its beginning was written, its end not yet (synchronized output, mode 2026). */
  private get drawing(): boolean {
    return this.raw.lastIndexOf("\u001b[?2026h") > this.raw.lastIndexOf("\u001b[?2026l");
  }

  /** Waits until a whole frame shows the text (or matches); fails with the screen when none does. */
  async until(wanted: string | RegExp, limitMs = 30_000): Promise<string> {
    const deadline = performance.now() + limitMs;
    for (;;) {
      const text = await this.text();
      if (!this.drawing && (typeof wanted === "string" ? text.includes(wanted) : wanted.test(text))) return text;
      if (performance.now() > deadline) throw new Error(`the screen never showed ${wanted}; it shows:\n${text}`);
      // Looking costs the cores that are looked at.
      await Bun.sleep(60);
    }
  }

  type(keys: string): void {
    this.child.terminal?.write(keys);
  }

  resize(columns: number, rows: number): void {
    this.screen.resize(columns, rows);
    this.child.terminal?.resize(columns, rows);
  }

  /** Main screen, cursor shown: how a program must leave a terminal. */
  get restored(): boolean {
    const last = (on: string, off: string) => this.raw.lastIndexOf(off) >= this.raw.lastIndexOf(on);
    return last("\u001b[?1049h", "\u001b[?1049l") && last("\u001b[?25l", "\u001b[?25h") && this.screen.buffer.active.type === "normal";
  }

  /** The terminal goes away, as a window that is closed; gives the exit code. */
  hangUp(): Promise<number> {
    this.child.terminal?.close();
    return this.child.exited;
  }

  close(): void {
    this.child.kill("SIGKILL");
    this.child.terminal?.close();
    this.screen.dispose();
  }
}

/** Opens screens for the tests of a file; each is closed after its test, however that ended, or after all that share it (`afterAll`). */
export function screensOfTests(after = afterEach): (...given: ConstructorParameters<typeof Screen>) => Screen {
  const opened: Screen[] = [];
  after(() => {
    for (const screen of opened.splice(0)) screen.close();
  });
  return (...given) => {
    const screen = new Screen(...given);
    opened.push(screen);
    return screen;
  };
}
