import { BOUNDS } from "../../telemetry/disturbance.ts";
import type { Sample } from "../../telemetry/sample.ts";

/** Least time, in milliseconds, over which other programs' use is reported: a reading of a fraction of a second jumps by ticks. */
const LEAST_MS = 900;

/** Mean cores used by other programs, over the samples added. */
export class Others {
  private sum = 0;
  private known = 0;
  private first: number | null = null;
  private last = 0;

  static of(samples: readonly Sample[]): Others {
    const others = new Others();
    for (const sample of samples) others.add(sample);
    return others;
  }

  add({ t, otherCores }: Sample): void {
    this.first ??= t;
    this.last = t;
    if (otherCores == null) return;
    this.sum += otherCores;
    this.known++;
  }

  get mean(): number {
    return this.known === 0 ? 0 : this.sum / this.known;
  }

  /** True above what a case tolerates undisturbed. */
  get above(): boolean {
    return this.last - (this.first ?? 0) >= LEAST_MS && this.mean > BOUNDS.otherCores;
  }

  /** The other programs' use, as the end of a line; "" within the bound. */
  get told(): string {
    return this.above ? `, others use ${this.mean.toFixed(2)} cores` : "";
  }
}
