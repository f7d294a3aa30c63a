import { formatMs } from "../../../kernel/units.ts";
import type { Message } from "../handler.ts";
import type { State } from "../state.ts";
import { Conversation, type Held } from "./conversation.ts";
import { environmentFor } from "./environment.ts";
import { Program } from "./program.ts";
import { StandardError } from "./standard-error.ts";
import { groupCpuMs, peakBytesOf, readsInput } from "./usage.ts";

/** A program and how it is kept. Durations in microseconds. */
export interface CommandSpec {
  readonly command: readonly string[];
  /** Its working folder, an absolute path. */
  readonly folder: string;
  /** Time in which it must be ready. */
  readonly startup: number;
  /** How often it is started again. */
  readonly restarts: number;
  /** Longest time without an answer while it holds messages. */
  readonly timeout: number;
  /** Each message is sent with its machine's state. */
  readonly state: boolean;
}

/** Use of resources by one program, over all its starts, and what it wrote on standard error. */
export interface ProgramReport {
  /** CPU time since the case began, its children included; null: unknown here. */
  readonly cpuMs: number | null;
  readonly peakRssBytes: number | null;
  readonly restarts: number;
  /** How often it ended, or had to be ended, during the case. */
  readonly ends: number;
  /** The first 100 lines. */
  readonly standardError: readonly string[];
}

/** Milliseconds between two looks at a program that starts, and without computing after which it is taken to wait for messages. */
const LOOK_MS = 10;
const IDLE_MS = 1000;

/** Starts a program, keeps it running, and hands messages to it. */
export class ProgramSupervisor {
  private readonly errors = new StandardError();
  /** The conversation with the running program; null: it is being started. */
  private conversation: Conversation | null = null;
  /** The conversation with the last start, ready or not. */
  private talk: Conversation | null = null;
  private program: Program | null = null;
  /** Messages that came while it was being started. */
  private readonly waiting: Held[] = [];
  private restarts = 0;
  private ends = 0;
  private closing = false;
  private halted = false;
  private watch: ReturnType<typeof setInterval> | null = null;
  /** CPU time before the case began, and of ended starts. */
  private cpuBefore = 0;
  private cpuEnded = 0;
  private peakBytes: number | null = null;
  private giveUp: (why: string) => void = () => {};

  constructor(private readonly spec: CommandSpec) {}

  /** Starts it; resolves when it is ready. Rejects with a sentence. `giveUp`: called when it has ended and is not started again. */
  async start(giveUp: (why: string) => void): Promise<void> {
    this.giveUp = giveUp;
    try {
      await this.launch();
    } catch (error) {
      throw new Error(`The program of work.command could not be started: ${(error as Error).message}.`);
    }
    this.cpuBefore = this.liveCpu() ?? 0;
    const timeoutMs = this.spec.timeout / 1000;
    this.watch = setInterval(() => this.look(), Math.min(1000, Math.max(10, timeoutMs / 4)));
  }

  /** Has the program work on a message. `ended`: called with its outcome, and never when the program is given up. */
  send(state: State, message: Message, ended: Held["ended"]): void {
    const one: Held = { state, message, ended };
    if (this.conversation === null) this.waiting.push(one);
    else this.conversation.send(one, performance.now());
  }

  /** As `send`; rejects with the reason when it has failed. */
  handle(state: State, message: Message): Promise<void> {
    return new Promise((done, failed) => this.send(state, message, (why) => (why === null ? done() : failed(why))));
  }

  /** The run is over: answers do not count any more. */
  halt(): void {
    this.halted = true;
  }

  /** True when the program answers several messages with one line: it wants them together. */
  get batch(): boolean {
    return this.conversation?.batch === true;
  }

  report(): ProgramReport {
    this.readPeak();
    const cpu = this.liveCpu();
    return {
      cpuMs: cpu === null && process.platform !== "linux" ? null : Math.max(0, this.cpuEnded + (cpu ?? 0) - this.cpuBefore),
      peakRssBytes: this.peakBytes,
      restarts: this.restarts,
      ends: this.ends,
      standardError: this.errors.lines,
    };
  }

  async close(): Promise<void> {
    this.closing = true;
    if (this.watch !== null) clearInterval(this.watch);
    await this.program?.close(this.halted && this.talk?.holds === true);
  }

  /** Starts the program and waits until it is ready. Rejects with what happened instead. */
  private async launch(): Promise<void> {
    this.errors.last = "";
    const before = this.talk?.sent ?? 0;
    const talk: Conversation = new Conversation((line) => program.write(line), this.spec.state, before);
    this.talk = talk;
    const program = Program.start(
      { command: this.spec.command, folder: this.spec.folder, environment: environmentFor() },
      (line) => (this.halted ? null : talk.hear(line, performance.now())),
      this.errors,
    );
    this.program = program;
    let how: string | null = null;
    void program.ended.then((end) => {
      how = end;
      this.count(program);
      if (this.conversation === talk) this.lose(talk, end);
    });
    await this.awaitReady(program, talk, () => how);
    this.conversation = talk;
    for (const one of this.waiting.splice(0)) talk.send(one, performance.now());
  }

  /**
   * Waits until the program says that it is ready, or waits for its input, or has computed nothing for a while; rejects when it ends before,
   * or when `startup` is over.
   */
  private async awaitReady(program: Program, talk: Conversation, ended: () => string | null): Promise<void> {
    const from = performance.now();
    const until = from + this.spec.startup / 1000;
    let idleSince = from;
    let cpu: number | null = null;
    while (!talk.ready) {
      await Promise.race([program.ended, Bun.sleep(LOOK_MS)]);
      const how = ended();
      if (how !== null) throw new Error(`it ${how}`);
      if (talk.ready || readsInput(program.pid)) return;
      const now = performance.now();
      const used = groupCpuMs(program.pid);
      if (used !== cpu) idleSince = now;
      cpu = used;
      if (now - idleSince >= IDLE_MS) return;
      if (now < until) continue;
      program.kill("was not ready in time");
      throw new Error(`it was not ready within ${formatMs(this.spec.startup / 1000)} (work.startup)`);
    }
  }

  /** The program has ended: what it held has failed, and it is started again, as often as allowed. */
  private lose(talk: Conversation | null, how: string): void {
    this.conversation = null;
    if (this.closing || this.halted) return;
    this.ends++;
    talk?.failAll(`the program ${how}`);
    if (this.restarts >= this.spec.restarts) {
      this.giveUp(`The program of work.command ${how}, and work.restarts: ${this.spec.restarts} allows no further start`);
      return;
    }
    this.restarts++;
    this.launch().catch((error: unknown) => this.lose(null, `could not be started again: ${(error as Error).message}`));
  }

  private look(): void {
    const { timeout } = this.spec;
    this.readPeak();
    if (this.conversation?.isSilent(performance.now(), timeout / 1000) !== true) return;
    this.program?.kill(`answered nothing for ${formatMs(timeout / 1000)} (work.timeout; does it flush each line?)${this.errors.told}`);
  }

  /** Adds the use of an ended start. */
  private count(program: Program): void {
    this.cpuEnded += program.cpuMs ?? 0;
  }

  /** The system's own figure for an ended process begins at the size of the one that started it, so it is read while the program lives. */
  private readPeak(): void {
    const peak = this.program === null || this.program.over ? null : peakBytesOf(this.program.pid);
    if (peak !== null) this.peakBytes = Math.max(peak, this.peakBytes ?? 0);
  }

  private liveCpu(): number | null {
    return this.program === null || this.program.over ? null : groupCpuMs(this.program.pid);
  }
}
