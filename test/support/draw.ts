import type { Random } from "../../src/kernel/random.ts";

/** Draws settings of random cases. */
export class Draw {
  constructor(private readonly random: Random) {}

  of<T>(...these: T[]): T {
    return these[this.random.below(these.length)] as T;
  }

  between(low: number, high: number): number {
    return low * (high / low) ** this.random.unit();
  }
}
