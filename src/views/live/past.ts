import { EMPTY_LEDGER } from "../../telemetry/ledger.ts";
import type { RunView } from "./store.ts";

/** A run at an earlier instant of its current case, in milliseconds since the case's t = 0; the axes stay as they are now. */
export function viewAt(view: RunView, t: number): RunView {
  const { phase: _, ...rest } = view;
  const cases = view.cases.map((one, i) => {
    if (i !== view.current) return one;
    const series = one.series.filter((sample) => sample.t <= t);
    const last = series.at(-1);
    return {
      ...one,
      ...{ series, state: "running" as const, result: null, broken: false },
      rateChanges: one.rateChanges.filter(({ atMs }) => atMs <= t),
      ...{ ledger: last?.ledger ?? EMPTY_LEDGER, running: last?.running ?? null },
      lastMs: Math.max(one.lastMs, one.series.at(-1)?.t ?? 0),
    };
  });
  return { ...rest, phase: "running", cases, stopping: "no" };
}

/** End of the known part of the current case, in milliseconds; 0: nothing is known. */
export function seenUntil(view: RunView): number {
  return view.cases[view.current]?.series.at(-1)?.t ?? 0;
}
