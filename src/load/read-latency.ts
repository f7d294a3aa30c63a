import type { Nanoseconds } from "../kernel/clock.ts";
import { Random } from "../kernel/random.ts";
import type { Bounds } from "../scenario/scalars.ts";

/** Durations of reads, drawn in tape order: the same in every mode. */
export class ReadLatency {
  private readonly random: Random;

  /** `range` in microseconds. */
  constructor(
    private readonly range: Bounds,
    seed: number,
  ) {
    this.random = new Random(seed, "reads");
  }

  next(): Nanoseconds {
    const { min, max } = this.range;
    return min === max ? min * 1000 : (min + this.random.unit() * (max - min)) * 1000;
  }
}
