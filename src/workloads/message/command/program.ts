import type { Subprocess } from "bun";
import { fileProblem } from "../../../kernel/file-problem.ts";
import { guardOf, signalGroup } from "../../../kernel/process-group.ts";
import { quoted } from "../../../kernel/text.ts";
import { LineSplitter } from "./lines.ts";
import { Outgoing } from "./outgoing.ts";
import type { StandardError } from "./standard-error.ts";

/** Bytes of a line on standard output at most. */
const LONGEST_LINE = 8_000_000;
/** Milliseconds for a program to end once its input is closed, and again once it was asked to end; less where the run was stopped. */
const GRACE_MS = 1000;
const SHORT_GRACE_MS = 150;
/** Milliseconds in which what an ended program has written must have arrived: its children may keep the pipe open. */
const DRAIN_MS = 200;

type Child = Subprocess<"pipe", "pipe", "pipe">;

/** What a program is started from. */
export interface ProgramCall {
  readonly command: readonly string[];
  readonly folder: string;
  readonly environment: Record<string, string>;
}

/**
 * One started program in a process group of its own, without a shell. A guard ends the group when this process dies, however it dies, since
 * a program need not notice that its input has been closed.
 */
export class Program {
  /** Resolves with how it ended, as the end of a sentence, once all that it wrote was heard. */
  readonly ended: Promise<string>;
  /** True once it has ended. */
  over = false;
  private readonly outgoing: Outgoing;
  private readonly guard: Subprocess<"pipe", "ignore", "ignore">;
  private killedBecause: string | null = null;

  private constructor(
    private readonly child: Child,
    private readonly hear: (line: string) => string | null,
    private readonly errors: StandardError,
  ) {
    this.outgoing = new Outgoing(child.stdin);
    this.guard = guardOf(child.pid);
    const streams = Promise.all([this.readOutput(), this.readErrors()]);
    void child.exited.then(() => {
      this.over = true;
    });
    this.ended = child.exited.then(async () => {
      await Promise.race([streams, Bun.sleep(DRAIN_MS)]);
      this.errors.end();
      this.cleanUp();
      return this.howItEnded();
    });
  }

  /** Starts it. `hear`: receives its lines and returns what is wrong with one, for which it is ended, or null. Throws a sentence. */
  static start({ command, folder, environment }: ProgramCall, hear: (line: string) => string | null, errors: StandardError): Program {
    let child: Child;
    try {
      child = Bun.spawn({
        cmd: [...command],
        cwd: folder,
        env: environment,
        stdin: "pipe",
        stdout: "pipe",
        stderr: "pipe",
        detached: true,
      });
    } catch (error) {
      throw new Error(`${quoted(command[0], 100)} cannot be run: ${fileProblem(error)}`);
    }
    return new Program(child, hear, errors);
  }

  get pid(): number {
    return this.child.pid;
  }

  write(line: string): void {
    this.outgoing.write(line);
  }

  /** Ends it and its group at once. `why`: the reason that messages give. */
  kill(why: string): void {
    this.killedBecause ??= why;
    signalGroup(this.child.pid, "SIGKILL");
  }

  /** Ends it: its input is closed, then it is asked to end, then it is ended, each with a grace. `quickly`: a short one. */
  async close(quickly: boolean): Promise<void> {
    const grace = quickly ? SHORT_GRACE_MS : GRACE_MS;
    const endsWithin = (ms: number) => Promise.race([this.child.exited.then(() => true), Bun.sleep(ms).then(() => false)]);
    void Promise.resolve(this.child.stdin.end()).catch(() => {});
    if (!(await endsWithin(grace))) signalGroup(this.child.pid, "SIGTERM");
    if (!(await endsWithin(grace))) signalGroup(this.child.pid, "SIGKILL");
    await endsWithin(grace);
    this.cleanUp();
  }

  /** CPU time of an ended program, in milliseconds; null: unknown. */
  get cpuMs(): number | null {
    const usage = this.child.resourceUsage();
    return usage === undefined ? null : Number(usage.cpuTime.total) / 1000;
  }

  private async readOutput(): Promise<void> {
    const reader = new LineSplitter(LONGEST_LINE);
    let wrong: string | null = null;
    const hear = (line: string, garbled: boolean) => {
      wrong ??= garbled ? `wrote a line that is not UTF-8: ${quoted(line, 80)}` : this.hear(line);
    };
    for await (const bytes of this.child.stdout) {
      // What comes after a fault is read, so that the pipe is never full, and dropped.
      if (wrong !== null) continue;
      if (!reader.read(bytes, hear)) wrong = `wrote a line longer than ${LONGEST_LINE / 1e6} MB`;
      if (wrong !== null) this.kill(wrong);
    }
    // Without its output it cannot answer any more.
    await Promise.race([this.child.exited, Bun.sleep(DRAIN_MS)]);
    if (!this.over) this.kill("closed its standard output");
  }

  private async readErrors(): Promise<void> {
    for await (const bytes of this.child.stderr) this.errors.read(bytes);
  }

  private howItEnded(): string {
    if (this.killedBecause !== null) return this.killedBecause;
    const { exitCode, signalCode } = this.child;
    const how = signalCode === null ? `ended with code ${exitCode}` : `was ended by ${signalCode}`;
    return how + this.errors.told;
  }

  /** Ends what is left of its group, then the guard. */
  private cleanUp(): void {
    signalGroup(this.child.pid, "SIGKILL");
    this.guard.kill("SIGKILL");
  }
}
