import { formatMs } from "../kernel/units.ts";
import { counted } from "../kernel/wording.ts";
import { usable } from "../telemetry/allowance.ts";
import { BOUNDS, disturbanceOf, firstReasons } from "../telemetry/disturbance.ts";
import type { Disturbance, WorkFigures } from "../telemetry/result.ts";
import type { Explained } from "./explain-fetch.ts";

/** What the machine did beside the case: the first of all causes. */
export interface MachineCause {
  readonly sentence: string;
  /**
   * True where somebody else had the cores: then no cause may be told that goes by exclusion (nothing was busy, so it must be the work).
   */
  readonly coresTaken: boolean;
}

export function explainMachine(result: Explained): MachineCause | null {
  const disturbance = disturbanceOf(result);
  if (disturbance === null) return withheld(result);
  const others = disturbance.otherCores ?? 0;
  // Of a case that took no time it is not known what it used itself.
  const kept = keptFromCores(disturbance, result.durationMs);
  if (others > BOUNDS.otherCores && result.durationMs > 0) {
    return { sentence: `${firstReasons(disturbance)} ${othersHadCores(result, others)}`.trimStart(), coresTaken: true };
  }
  return { sentence: disturbance.reason, coresTaken: others > BOUNDS.otherCores || kept };
}

/** By the host of a virtual machine, by a quota, or because it was stopped. */
function keptFromCores({ stealMs, throttledMs, stoppedMs, setBackMs }: Disturbance, durationMs: number): boolean {
  if ((stoppedMs ?? 0) + (setBackMs ?? 0) > 0) return true;
  return (stealMs ?? 0) > BOUNDS.steal * durationMs || (throttledMs ?? 0) > BOUNDS.throttled * durationMs;
}

function othersHadCores(result: Explained, others: number): string {
  const { durationMs, process, fetch } = result;
  const own = process.cpuMs / durationMs;
  // A server on this machine that is not the lab's own is another program too.
  const server = fetch !== undefined && fetch.server === null ? " (the server may be one of them, if it runs here)" : "";
  return `Other programs${server} used ${others.toFixed(2)} of ${theirCores(result)} and the case itself ${own.toFixed(2)}: these are the figures of a shared machine, and on a quiet one they would be others.${computingWithout(process.work)}`;
}

/** Those that other programs could take from it. */
function theirCores(result: Explained): string {
  const { length } = usable(result);
  return length < result.cores.length ? `the ${counted(length, "core")} that it may run on` : `the machine's ${counted(length, "core")}`;
}

/** From what share of what it takes on computing that was kept from a core is a cause of its own. */
const WITHHELD = 0.1;

/** Nobody else used the cores, its own threads were not too many for them, and yet it had none: that is what a limit does. */
function withheld(result: Explained): MachineCause | null {
  const { process } = result;
  const { work, threads } = process;
  const away = work?.takenAwayMs ?? 0;
  if (work === null || work === undefined || away <= WITHHELD * work.askedMs || threads.length > usable(result).length) return null;
  const sentence = `The system kept its computing from a core for ${formatMs(away)} beside ${formatMs(cpuMsOf(work))} that it took, though other programs used little: a limit on the CPU time of this process or its container does that.`;
  return { sentence, coresTaken: true };
}

function cpuMsOf({ askedMs, slowerBy }: WorkFigures): number {
  return askedMs * (1 + slowerBy);
}

/** Time that computing was kept from a core, of the time it takes, from which on it is told. */
const TOLD = 0.02;

function computingWithout(work: Explained["process"]["work"]): string {
  const away = work?.takenAwayMs ?? 0;
  if (work === undefined || work === null || away <= TOLD * work.askedMs) return "";
  return ` Computing of ${formatMs(cpuMsOf(work))} in all was kept from a core for another ${formatMs(away)}.`;
}
