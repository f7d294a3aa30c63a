import { readFileSync } from "node:fs";

/** How often is looked, in milliseconds. */
export const LOOK_MS = 100;
/** A process whose turn comes later than this, and that has hardly computed since, stood still. */
const LATE_MS = 1000;
const IDLE = 0.1;
/** How long after the console stood still it is to show whether the case did, too. */
const SHOWN_MS = 3000;

/** What a clock that is only kept in step is moved by between two looks is less, in milliseconds. */
const STEP_MS = 50;

/** How long, in milliseconds, somebody stood still while a case was measured. */
export interface Standstill {
  /** Its runner, or a program that the runner started. */
  readonly caseMs: number;
  /** The process that shows it. */
  readonly consoleMs: number;
  /** By how much the wall clock was set back: threads that wait for an instant go by it (futex(2) with FUTEX_CLOCK_REALTIME), and wait on. */
  readonly setBackMs: number;
}

/** Whoever has been stopped by a signal cannot tell: the console sees it of the runner, and by its own clock of itself. */
export class StandstillWatch {
  private caseMs = 0;
  private consoleMs = 0;
  private setBackMs = 0;
  /** The same from the start of the runner on. */
  everSetBackMs = 0;
  /** The wall clock less the monotonic one. */
  private apart: number;
  private from = Number.POSITIVE_INFINITY;
  private lookedAt: number;
  private cpuAt: number;
  /** The console's last standstill, until it shows whether the case stood still, too. */
  private gap = { ms: 0, until: 0 };
  private lastT = 0;
  private lastSpan = 0;

  /** `states`: letters of the system for what the processes of the case are doing, "T" and "t": stopped. `cpu`: milliseconds of this process. */
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

  /** From so many milliseconds on it counts. */
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

  /** The case has told of its instant `t`, in milliseconds: of a case that went on there is one from the console's standstill, too. */
  heard(t: number): void {
    const span = t - this.lastT;
    if (this.gap.ms > 0 && this.now() < this.gap.until && span > this.gap.ms) {
      this.caseMs += span - this.lastSpan;
      this.gap = { ms: 0, until: 0 };
    }
    this.lastT = t;
    this.lastSpan = span;
  }

  /** Right now. */
  get stopped(): boolean {
    return this.states().some((state) => state === "T" || state === "t");
  }

  get total(): Standstill {
    return { caseMs: this.caseMs, consoleMs: this.consoleMs, setBackMs: this.setBackMs };
  }
}

/** What a process and its children are doing: the state of /proc/PID/stat; none where the system does not tell. */
export function statesOf(pid: number): readonly string[] {
  const children = textOf(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean);
  return [pid, ...children].map((one) => {
    const stat = textOf(`/proc/${one}/stat`);
    // The name before may hold anything, brackets too.
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
