import { EMPTY_LEDGER } from "../../telemetry/ledger.ts";
import type { Snapshot } from "../../telemetry/sample.ts";
import type { PictureLook } from "./picture/look.ts";
import { FIRST_STATE } from "./screens/run-actions.ts";
import { contextOf, drawScreen } from "./screens/run-drawing.ts";
import { type RunView, reduce } from "./store.ts";
import type { Draw } from "./surface.ts";

/** Usual length of a rehearsal, in milliseconds: some hundred pictures. */
export const REHEARSAL_MS = 300;

/**
 * Pictures of a run as if its first case went on, with made-up samples, for `ms` milliseconds. Drawn off the screen before the run, they
 * have the code that draws compiled: later the compiler would take CPU time from what is measured.
 */
export function* rehearsal(begun: RunView, look: PictureLook, ms: number, now = () => performance.now()): Generator<Draw> {
  const until = now() + ms;
  const cores = begun.machine?.cores ?? 1;
  let view = reduce(begun, { type: "case-started", index: 0, count: 1000, lastMs: 60_000, url: null });
  for (let n = 1; now() < until; n++) {
    view = reduce(view, { type: "sample", index: 0, snapshot: madeUp(n, cores) });
    const drawn = view;
    yield (canvas) => drawScreen(canvas, drawn, FIRST_STATE, contextOf(drawn, canvas.width, canvas.height), look);
  }
}

/** The nth sample of a case whose levels rise and fall, a tenth of a second after the one before. */
function madeUp(n: number, cores: number): Snapshot {
  const level = 1 + Math.sin(n / 7);
  const ms = 5 + 10 * level;
  return {
    t: 100 * n,
    offered: 200 * level,
    processed: 100 * level,
    dropped: 100 * level,
    depth: 50 * level,
    inFlight: level,
    blockedMs: 20 * level,
    rssBytes: 1e8,
    p50: ms,
    p99: 3 * ms,
    cores: Array.from({ length: cores }, () => level / 2),
    otherCores: level / 4,
    ledger: { ...EMPTY_LEDGER, scheduled: 20 * n, processed: 10 * n, dropped: { newest: 10 * n, oldest: 0 } },
    running: { p50: ms, p95: 2 * ms, p99: 3 * ms, throughput: 100 * level, cpu: level },
  };
}
