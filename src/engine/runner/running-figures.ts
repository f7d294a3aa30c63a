import { isBorne } from "../../kernel/borne.ts";
import type { Nanoseconds } from "../../kernel/clock.ts";
import { Histogram } from "../../kernel/histogram.ts";
import { SHARES } from "../../telemetry/percentiles.ts";
import type { Recorder } from "../../telemetry/recorder.ts";
import type { Running } from "../../telemetry/sample.ts";

/** Time between two computations: merging histograms costs more than a sample. */
const EVERY: Nanoseconds = 250e6;

/** Figures of the whole case so far, over all threads. */
export class RunningFigures {
  private latest: Running = { p50: null, p95: null, p99: null, throughput: 0, cpu: 0 };
  private nextAt: Nanoseconds = 0;
  private readonly merged = new Histogram();

  /** `cores`: cores that this process used on average until `now`. */
  at(now: Nanoseconds, warmup: Nanoseconds, recorders: readonly Recorder[], cores: (now: Nanoseconds) => number): Running {
    if (now < this.nextAt) return this.latest;
    this.nextAt = now + EVERY;
    const sojourn = this.sojourn(recorders);
    const measured = recorders.reduce((sum, recorder) => sum + recorder.counts().measured, 0);
    const percentile = (share: number) => (isBorne(sojourn.count, share) ? sojourn.percentile(share) / 1e6 : null);
    this.latest = {
      p50: percentile(SHARES.p50),
      p95: percentile(SHARES.p95),
      p99: percentile(SHARES.p99),
      throughput: measured / (Math.max(1, now - warmup) / 1e9),
      cpu: cores(now),
    };
    return this.latest;
  }

  private sojourn(recorders: readonly Recorder[]): Histogram {
    const [only] = recorders;
    if (recorders.length === 1 && only !== undefined) return only.sojourn;
    this.merged.clear();
    for (const recorder of recorders) this.merged.merge(recorder.sojourn);
    return this.merged;
  }
}
