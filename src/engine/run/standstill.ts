import { readFileSync } from "node:fs";

/** Interval of polling, in milliseconds. */
export const LOOK_MS = 100;
/** Delay of a process's turn, in milliseconds, from which it counts as stopped if it has hardly computed since. */
const LATE_MS = 1000;
const IDLE = 0.1;
/** Time after a standstill of the console in which it shows whether the case stood still, too. */
const SHOWN_MS = 3000;

/** Largest adjustment between two polls of a clock that is merely kept in step, in milliseconds. */
const STEP_MS = 50;

/** Standstills while a case was measured, in milliseconds. */
export interface Standstill {
  /** Of its runner, or a program that the runner started. */
  readonly caseMs: number;
  /** Of the console. */
  readonly consoleMs: number;
  /** How far the wall clock was set back: threads that wait for an instant use it (futex(2) with FUTEX_CLOCK_REALTIME), and wait longer. */
  readonly setBackMs: number;
}

/** Detects stopped processes, which cannot notice it themselves: the console watches the runner, and by its own clock itself. */
export class StandstillWatch {
  private caseMs = 0;
  private consoleMs = 0;
  private setBackMs = 0;
  /** How far it was set back since the start of the runner. */
  everSetBackMs = 0;
  /** Difference between wall clock and monotonic clock. */
  private apart: number;
  private from = Number.POSITIVE_INFINITY;
  private lookedAt: number;
  private cpuAt: number;
  /** The console's last standstill, until it is clear whether the case stood still, too. */
  private gap = { ms: 0, until: 0 };
  private lastT = 0;
  private lastSpan = 0;

  /**
   * `states`: the system's state letters of the case's processes; "T" and "t": stopped. `cpu`: CPU time of this process in milliseconds.
   */
  constructor(
    private readonly states: () => readonly string[],
    private readonly now: () => number = () => performance.now(),
    private readonly cpu: () => number = ownCpuMs,
    private readonly wall: () => number = Date.now,
  ) {
    this.lookedAt = now();
    this.apart = wall() - this.lookedAt;
    this.cpuAt = cpu();
  }

  /** Standstills count from `inMs` milliseconds on. */
  begin(inMs: number): void {
    this.from = this.now() + inMs;
  }

  look(): void {
    const [now, cpu] = [this.now(), this.cpu()];
    const since = now - this.lookedAt;
    const idle = cpu - this.cpuAt < IDLE * since;
    this.lookedAt = now;
    this.cpuAt = cpu;
    const apart = this.wall() - now;
    const step = this.apart - apart;
    this.apart = apart;
    if (step > STEP_MS) this.everSetBackMs += step;
    if (now < this.from) return;
    if (step > STEP_MS) this.setBackMs += step;
    const counted = Math.min(since, now - this.from);
    const { stopped } = this;
    if (stopped) this.caseMs += counted;
    if (since <= LATE_MS || !idle) return;
    this.consoleMs += Math.max(0, counted - LOOK_MS);
    if (!stopped) this.gap = { ms: counted - LOOK_MS, until: now + SHOWN_MS };
  }

  /**
   * The case has reported its instant `t`, in milliseconds: a case that kept running has reports from the time of the console's standstill,
   * too.
   */
  heard(t: number): void {
    const span = t - this.lastT;
    if (this.gap.ms > 0 && this.now() < this.gap.until && span > this.gap.ms) {
      this.caseMs += span - this.lastSpan;
      this.gap = { ms: 0, until: 0 };
    }
    this.lastT = t;
    this.lastSpan = span;
  }

  /** True when a process is stopped now. */
  get stopped(): boolean {
    return this.states().some((state) => state === "T" || state === "t");
  }

  get total(): Standstill {
    return { caseMs: this.caseMs, consoleMs: this.consoleMs, setBackMs: this.setBackMs };
  }
}

/** States of a process and its children from /proc/PID/stat; none where the system does not report them. */
export function statesOf(pid: number): readonly string[] {
  const children = textOf(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean);
  return [pid, ...children].map((one) => {
    const stat = textOf(`/proc/${one}/stat`);
    // The name before may contain anything, brackets included.
    return stat.slice(stat.lastIndexOf(")") + 2).charAt(0);
  });
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
