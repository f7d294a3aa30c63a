import { formatMs } from "../../kernel/units.ts";
import { counted } from "../../kernel/wording.ts";
import { usable } from "../../telemetry/allowance.ts";
import { BOUNDS, disturbanceOf, firstReasons } from "../../telemetry/disturbance.ts";
import type { Disturbance, WorkFigures } from "../../telemetry/result.ts";
import type { Explained } from "./fetch.ts";

/** The machine's influence on the case, which comes before all other causes. */
export interface MachineCause {
  readonly sentence: string;
  /** True where other programs used the cores: then causes found by exclusion (nothing was busy, so it must be the work) do not hold. */
  readonly coresTaken: boolean;
}

export function explainMachine(result: Explained): MachineCause | null {
  const disturbance = disturbanceOf(result);
  if (disturbance === null) return withheld(result);
  const others = disturbance.otherCores ?? 0;
  // For a case of no duration its own use is unknown.
  const kept = keptFromCores(disturbance, result.durationMs);
  if (others > BOUNDS.otherCores && result.durationMs > 0) {
    return { sentence: `${firstReasons(disturbance)} ${othersHadCores(result, others)}`.trimStart(), coresTaken: true };
  }
  return { sentence: disturbance.reason, coresTaken: others > BOUNDS.otherCores || kept };
}

/** By the host of a virtual machine, by a quota, or by a stop. */
function keptFromCores({ stealMs, throttledMs, stoppedMs, setBackMs }: Disturbance, durationMs: number): boolean {
  if ((stoppedMs ?? 0) + (setBackMs ?? 0) > 0) return true;
  return (stealMs ?? 0) > BOUNDS.steal * durationMs || (throttledMs ?? 0) > BOUNDS.throttled * durationMs;
}

function othersHadCores(result: Explained, others: number): string {
  const { durationMs, process, fetch } = result;
  const own = process.cpuMs / durationMs;
  // An external server on this machine counts as another program, too.
  const server = fetch !== undefined && fetch.server === null ? " (the server may be one of them, if it runs here)" : "";
  return `Other programs${server} used ${others.toFixed(2)} of ${theirCores(result)} and the case itself ${own.toFixed(2)}: these are the figures of a shared machine, and on a quiet one they would be others.${computingWithout(process.work)}`;
}

/** The cores that other programs could take from it. */
function theirCores(result: Explained): string {
  const { length } = usable(result);
  return length < result.cores.length ? `the ${counted(length, "core")} that it may run on` : `the machine's ${counted(length, "core")}`;
}

/** Share of computing time withheld from it that is a cause of its own. */
const WITHHELD = 0.1;

/** Cores were withheld though neither other programs nor its own threads used them: the effect of a limit. */
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

/** Share of computing time withheld from it that is reported. */
const TOLD = 0.02;

function computingWithout(work: Explained["process"]["work"]): string {
  const away = work?.takenAwayMs ?? 0;
  if (work === undefined || work === null || away <= TOLD * work.askedMs) return "";
  return ` Computing of ${formatMs(cpuMsOf(work))} in all was kept from a core for another ${formatMs(away)}.`;
}
