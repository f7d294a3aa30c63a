import type { Subprocess } from "bun";
import { printable } from "../../kernel/text.ts";
import { formatMs } from "../../kernel/units.ts";
import type { FromRunner, ToRunner } from "../protocol.ts";
import { LOOK_MS, type Standstill, StandstillWatch, statesOf } from "./standstill.ts";

/** How a runner process ended. */
export interface RunnerExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** Whether it ever sent a message: from then on it handles signals itself. */
  readonly spoke: boolean;
  /** Last output on its standard error. */
  readonly lastWords: string;
  /** Peak memory, in bytes. */
  readonly peakRssBytes: number;
  /** Set when the console ended it after this long without a message, in milliseconds. */
  readonly silentMs: number | null;
  /** Possible reason of its silence; null or absent: unknown. */
  readonly why?: string | null;
}

const KEPT_WORDS = 4000;
/** Wait after its patience is over, in milliseconds. */
const LAST_CHANCE_MS = 500;

/** A child process that takes orders over IPC. */
export class RunnerProcess {
  readonly exited: Promise<RunnerExit>;
  private readonly child: Subprocess<"ignore", "ignore", "pipe">;
  private silentMs: number | null = null;
  private watchdog: ReturnType<typeof setTimeout> | null = null;
  private patienceMs = 15_000;
  private gone = false;
  private spoke = false;
  private why: string | null = null;
  private readonly standing: StandstillWatch;

  /** `slowness`: how many times longer everything takes here than on a core of its own, which extends every timeout. */
  constructor(
    private readonly onMessage: (message: FromRunner) => void,
    private readonly slowness = 1,
  ) {
    this.child = Bun.spawn({
      cmd: [process.execPath, Bun.fileURLToPath(new URL("../runner/main.ts", import.meta.url))],
      // A process group of its own: signals of a terminal to the whole job (Ctrl-C, hang-up) are for the console, which forwards them by
      // IPC.
      detached: true,
      stdin: "ignore",
      stdout: "ignore",
      stderr: "pipe",
      serialization: "json",
      // A proxy would forward load without permission, and would be measured instead.
      env: { ...process.env, NO_PROXY: "*", no_proxy: "*", NODE_ENV: "production", BUN_CONFIG_MAX_HTTP_REQUESTS: "65535" },
      ipc: (message: FromRunner) => this.hear(message),
    });
    const { pid } = this.child;
    this.standing = new StandstillWatch(() => statesOf(pid));
    const looking = setInterval(() => this.standing.look(), LOOK_MS);
    const words = collectWords(this.child.stderr);
    this.exited = this.child.exited.then(async (): Promise<RunnerExit> => {
      this.gone = true;
      clearInterval(looking);
      if (this.watchdog !== null) clearTimeout(this.watchdog);
      return {
        code: this.child.exitCode,
        signal: this.child.signalCode === null ? null : String(this.child.signalCode),
        spoke: this.spoke,
        lastWords: await words,
        peakRssBytes: this.child.resourceUsage()?.maxRSS ?? 0,
        silentMs: this.silentMs,
        why: this.why,
      };
    });
    this.watch();
  }

  /** The measurement begins in `inMs` milliseconds: from then on standstills count. */
  begin(inMs: number): void {
    this.standing.begin(inMs);
  }

  get standstill(): Standstill {
    return this.standing.total;
  }

  get pid(): number {
    return this.child.pid;
  }

  /** Nothing is sent to a process that is ending: its channel closes before its exit is known. */
  send(message: ToRunner): void {
    if (this.gone) return;
    try {
      this.child.send(message);
    } catch {
      // Its exit reports what happened.
    }
  }

  /** Sets how long a silence counts as a hang. */
  setPatience(ms: number): void {
    this.patienceMs = ms;
    this.watch();
  }

  kill(): void {
    if (!this.gone) this.child.kill("SIGKILL");
  }

  private whySilent(): string | null {
    if (this.standing.stopped) return "since a signal had stopped it";
    const { everSetBackMs } = this.standing;
    return everSetBackMs > 0 ? `after the clock that its threads wait by had been set back by ${formatMs(everSetBackMs)}` : null;
  }

  private hear(message: FromRunner): void {
    if (message.type === "snapshots") for (const { t } of message.snapshots) this.standing.heard(t);
    this.spoke = true;
    this.watch();
    this.onMessage(message);
  }

  private watch(): void {
    if (this.watchdog !== null) clearTimeout(this.watchdog);
    if (this.gone) return;
    // This process may have stood still itself: pending messages are received before the runner is judged.
    this.watchdog = setTimeout(() => {
      this.watchdog = setTimeout(() => {
        this.silentMs = this.patienceMs * this.slowness;
        this.why = this.whySilent();
        this.kill();
      }, LAST_CHANCE_MS);
    }, this.patienceMs * this.slowness);
  }
}

async function collectWords(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) text = (text + decoder.decode(chunk, { stream: true })).slice(-KEPT_WORDS);
  return text;
}

const MEANT_FOR_THE_JOB: readonly (string | null)[] = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Whether a runner was killed by a signal to the whole job between its fork and its own session (a millisecond on a busy machine), while
 * such a signal still has its default action for it.
 */
export function endedUnborn({ spoke, signal }: RunnerExit): boolean {
  return !spoke && MEANT_FOR_THE_JOB.includes(signal);
}

/** Why a runner ended without a result, as a sentence. */
export function describeExit(exit: RunnerExit): string {
  if (exit.silentMs !== null)
    return `The runner gave no sign of life for ${Math.round(exit.silentMs / 1000)} s${exit.why == null ? "" : `, ${exit.why},`} and was ended.`;
  const words = exit.lastWords.trim().split("\n").at(-1) ?? "";
  const said = words === "" ? "" : ` Its last words: ${printable(words, 160)}`;
  if (exit.signal === "SIGKILL") {
    return `The runner was killed (SIGKILL) at ${Math.round(exit.peakRssBytes / 1e6)} MB: by someone, or by the system for want of memory.${said}`;
  }
  if (exit.signal !== null)
    return `The runner died of ${exit.signal}: it crashed or ran out of memory (peak ${Math.round(exit.peakRssBytes / 1e6)} MB).${said}`;
  return `The runner ended with code ${exit.code ?? "unknown"} before it had a result.${said}`;
}
