import type { CaseResult, Disturbance } from "./result.ts";

/** From where on a case counts as disturbed. */
export const BOUNDS = {
  /** Cores that other programs used, on average. */
  otherCores: 0.2,
  /** Time that the host took, of the time that the cores were wanted. */
  steal: 0.01,
  /** Time that calibrated work took, beside the time asked. */
  calibration: 0.02,
} as const;

/** What disturbed a case, as it was measured with it; null: nothing. Of a file that does not say, what its other figures tell. */
export function disturbanceOf(result: Disturbable): Disturbance | null {
  return result.disturbed === undefined ? derived(result) : result.disturbed;
}

/** True when a figure of this case is not the case's own alone: it is shown with a sign, and nothing is concluded from it without one. */
export function isDisturbed(result: Disturbable): boolean {
  return disturbanceOf(result) !== null;
}

export type Disturbable = Pick<CaseResult, "disturbed" | "durationMs" | "cores" | "fetch"> & {
  readonly process: Pick<CaseResult["process"], "cpuMs">;
};

/** How far CPU time that a system counts in ticks may be off over any span, in milliseconds: three standard deviations of so many counters. */
export function tickNoiseMs(counters: number): number {
  return 12.5 * Math.sqrt(counters);
}

/** What others used, where it was above its bound by more than ticks can make it. */
export function othersSentence(otherCores: number, cores: number): string {
  return `Other programs used ${otherCores.toFixed(2)} of the machine's ${cores} ${cores === 1 ? "core" : "cores"} on average.`;
}

/** Most cores that the console uses to draw, which earlier versions did not tell apart; and a mock server, which is one thread and its helpers. */
const CONSOLE = 0.06;
const MOCK_SERVER = 1.2;

/** From a result without the figure: the cores' use less this process's own, and at most what the lab's other processes can have had. */
function derived({ cores, process, durationMs, fetch }: Disturbable): Disturbance | null {
  if (durationMs <= 0 || cores.length === 0) return null;
  const used = cores.reduce((sum, { utilization }) => sum + utilization, 0);
  const mock = fetch?.server != null ? MOCK_SERVER : 0;
  const otherCores = used - process.cpuMs / durationMs;
  const least = otherCores - CONSOLE - mock - tickNoiseMs(cores.length) / durationMs;
  if (least <= BOUNDS.otherCores) return null;
  return { otherCores, stealMs: null, calibrationOff: 0, reason: othersSentence(otherCores, cores.length) };
}
