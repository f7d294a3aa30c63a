import { printable } from "../kernel/text.ts";
import { formatMs, formatShare } from "../kernel/units.ts";
import { counted } from "../kernel/wording.ts";
import { quotaText } from "./allowance.ts";
import { coresOf } from "./cgroup.ts";
import { tickNoiseMs } from "./cores.ts";
import type { Calibration, CpuLimits } from "./machine.ts";
import type { MachineUse } from "./machine-use.ts";
import type { CaseResult, Disturbance, WorkFigures } from "./result.ts";

/** Thresholds above which a case counts as disturbed. */
export const BOUNDS = {
  /** Cores used by other programs, on average. */
  otherCores: 0.2,
  /** Time taken by the host, as a share of the time that the cores were wanted, or of one core's time where they were wanted less. */
  steal: 0.01,
  /**
   * Time for which a CPU quota withheld cores, as a share of the time that the lab wanted cores, or of one core's time where it wanted
   * less.
   */
  throttled: 0.01,
  /** Deviation of calibrated work's CPU time, as a share of the time asked. */
  calibration: 0.02,
} as const;

/** Disturbance of a case as recorded; null: none. Files without the record: derived from other figures. */
export function disturbanceOf(result: Disturbable): Disturbance | null {
  return result.disturbed === undefined ? derived(result) : result.disturbed;
}

/** True when a case's figures are not its own alone: they are shown with a mark, and conclusions from them carry one. */
export function isDisturbed(result: Disturbable): boolean {
  return disturbanceOf(result) !== null;
}

export type Disturbable = Pick<CaseResult, "disturbed" | "durationMs" | "cores" | "fetch"> & {
  readonly process: Pick<CaseResult["process"], "cpuMs">;
};

/** One disturbance, and its remedy. */
interface Cause {
  readonly reason: string;
  readonly remedy: string;
}

/**
 * Disturbance of a case by the figures taken with it, and its warning. `calibration`: of the case's work; null: it has none. `limits`: what
 * withholds some of the machine from the lab.
 */
export function judgeDisturbance(
  use: MachineUse,
  work: WorkFigures | null,
  calibration: Calibration | null,
  limits: CpuLimits | null = null,
): { readonly disturbed: Disturbance; readonly warning: string } | null {
  const causes = [
    throttledCause(use, limits),
    othersCause(use),
    stealCause(use),
    workCause(work) ?? calibrationCause(work, calibration),
  ].filter((cause) => cause !== null);
  if (causes.length === 0) return null;
  const off = work?.slowerBy ?? (calibration?.checkRatio ?? 1) - 1;
  const disturbed: Disturbance = {
    otherCores: use.otherCores,
    stealMs: use.stealMs,
    throttledMs: use.throttled?.throttledMs ?? null,
    calibrationOff: Math.abs(off),
    reason: causes.map(({ reason }) => reason).join(" "),
  };
  return { disturbed, warning: causes.map(({ reason, remedy }) => `${reason} ${remedy}`).join(" ") };
}

type Disturbed = Pick<CaseResult, "disturbed" | "warnings">;

/** Milliseconds measured by the console while a case was measured. */
export interface Seen {
  readonly caseMs: number;
  readonly consoleMs: number;
  readonly setBackMs: number;
}

/**
 * Adds to a case's disturbance that processes stood still (its own, or only the console that showed it), or that the wall clock was set
 * back. Setting it forward ends waits early, which then begin again, and changes nothing.
 */
export function disturbedByStop({ disturbed = null, warnings }: Disturbed, { caseMs, consoleMs, setBackMs }: Seen): Disturbed {
  const causes = [caseMs > 0 ? stopCause(caseMs) : null, setBackMs > 0 ? setBackCause(setBackMs) : null].filter((cause) => cause !== null);
  if (causes.length > 0) {
    const before = disturbed ?? { otherCores: null, stealMs: null, throttledMs: null, calibrationOff: 0, reason: "" };
    const told = {
      ...before,
      ...(caseMs > 0 ? { stoppedMs: caseMs } : {}),
      ...(setBackMs > 0 ? { setBackMs } : {}),
      reason: [...causes.map(({ reason }) => reason), before.reason].join(" ").trimEnd(),
    };
    return { disturbed: told, warnings: [...warnings, ...causes.map(({ reason, remedy }) => `${reason} ${remedy}`)] };
  }
  if (consoleMs === 0) return { disturbed, warnings };
  const note = `The console stood still for about ${formatMs(consoleMs)} (Ctrl-Z, or a signal such as SIGSTOP); the case went on in a process of its own, and nothing of it was lost.`;
  return { disturbed, warnings: [...warnings, note] };
}

function stopCause(caseMs: number): Cause {
  return {
    reason: `Processes of this case were stopped for about ${formatMs(caseMs)} (by a signal such as SIGSTOP, a debugger, or a frozen container): nothing was done meanwhile, and what was due waited.`,
    remedy: "Run it again without a stop.",
  };
}

function setBackCause(setBackMs: number): Cause {
  return {
    reason: `The clock of this system was set back by ${formatMs(setBackMs)}: a thread that waited for an instant just then waited that much longer.`,
    remedy: "Run it again while the clock is left alone.",
  };
}

/** A note on a calibration that other programs may have affected; null: none. */
export function calibrationNote(calibration: Calibration | null): string | null {
  if (calibration?.clock !== "wall") return null;
  return "Computing was calibrated by the wall clock, since this system does not tell the CPU time of a thread: what other programs took meanwhile counts in it.";
}

/** The disturbance by a quota that throttled the case. */
function throttledCause({ throttled, spanMs, labMs }: MachineUse, limits: CpuLimits | null): Cause | null {
  if (throttled === null) return null;
  const { group, throttledMs } = throttled;
  const wanted = Math.max(spanMs, (labMs ?? 0) + throttledMs);
  if (throttledMs <= BOUNDS.throttled * wanted) return null;
  const quota = limits?.quota ?? null;
  const known = quota !== null && quota.group === group;
  const name = known ? quotaText(quota) : `quota of cgroup ${printable(group, 80)}`;
  const used = known && labMs !== null && spanMs > 0 ? `, of which the lab used ${formatShare(labMs / spanMs / coresOf(quota))}` : "";
  return {
    reason: `A limit on CPU time (${name}${used}) kept threads from their cores for ${formatMs(throttledMs)}, ${formatShare(throttledMs / wanted)} of the time they were wanted.`,
    remedy: "Raise the quota, or ask for less.",
  };
}

/** The reasons that come before other programs' use: a stop, a quota. "": none. */
export function firstReasons({ reason }: Pick<Disturbance, "reason">): string {
  return reason.slice(0, Math.max(0, reason.indexOf("Other programs used"))).trimEnd();
}

function othersCause({ otherCores, spanMs, noiseMs, cores, utilization }: MachineUse): Cause | null {
  if (otherCores === null || otherCores * spanMs - noiseMs <= BOUNDS.otherCores * spanMs) return null;
  return { reason: othersSentence(otherCores, cores, utilization.length), remedy: "Run it again when they are idle." };
}

function stealCause({ stealMs, wantedMs, spanMs, noiseMs }: MachineUse): Cause | null {
  const wanted = Math.max(spanMs, wantedMs);
  if (stealMs === null || stealMs - noiseMs <= BOUNDS.steal * wanted) return null;
  const reason = `The host of this virtual machine kept ${formatMs(stealMs)} from its cores, ${formatShare(stealMs / wanted)} of the time they were wanted.`;
  return { reason, remedy: "Run it again another time, or on a machine of its own." };
}

function workCause(work: WorkFigures | null): Cause | null {
  if (work === null || Math.abs(work.slowerBy) - 2 * work.slowerByError <= BOUNDS.calibration) return null;
  const share = `${(Math.abs(work.slowerBy) * 100).toFixed(1)} %`;
  const reason =
    work.slowerBy > 0
      ? `Computing took ${share} more CPU time than asked: the cores were slower than when it was calibrated.`
      : `Computing took ${share} less CPU time than asked: the cores were faster than when it was calibrated.`;
  return { reason, remedy: "Run it again: each run checks the calibration." };
}

/** The calibration check of the run, where the case has computed too little for its own. */
function calibrationCause(work: WorkFigures | null, calibration: Calibration | null): Cause | null {
  if (work !== null || calibration === null || Math.abs(calibration.checkRatio - 1) <= BOUNDS.calibration) return null;
  const reason = `Computing could not be calibrated: at the last check it took ${calibration.checkRatio.toFixed(2)} × the time asked.`;
  return { reason, remedy: "Run it again when the machine is quieter." };
}

/** `cores`: those the lab may use, of the machine's `machine`. */
function othersSentence(otherCores: number, cores: number, machine: number): string {
  const used = `Other programs used ${otherCores.toFixed(2)} of`;
  if (cores < machine) return `${used} the ${cores} of ${machine} cores that the lab may run on, on average.`;
  return `${used} the machine's ${counted(cores, "core")} on average.`;
}

/** Most cores used by the console to draw, which earlier versions did not record separately; and by a mock server with its helpers. */
const CONSOLE = 0.06;
const MOCK_SERVER = 1.2;

/**
 * Disturbance of results without the figure: the cores' use less this process's own, where it exceeds the most that the lab's other
 * processes can have used.
 */
function derived({ cores, process, durationMs, fetch }: Disturbable): Disturbance | null {
  if (durationMs <= 0 || cores.length === 0) return null;
  const used = cores.reduce((sum, { utilization }) => sum + utilization, 0);
  const mock = fetch?.server != null ? MOCK_SERVER : 0;
  const otherCores = used - process.cpuMs / durationMs;
  const least = otherCores - CONSOLE - mock - tickNoiseMs(cores.length) / durationMs;
  if (least <= BOUNDS.otherCores) return null;
  return { otherCores, stealMs: null, calibrationOff: 0, reason: othersSentence(otherCores, cores.length, cores.length) };
}
