import type { KeySource } from "./keys.ts";
import type { Arrival, Tape } from "./tape.ts";

export interface Bursts {
  readonly size: number;
  readonly every: number;
  readonly count: number;
}

/** Burst k falls due as a whole at k · every. A class: the compiler inlines its calls, but not those of a closure. */
export class BurstTape implements Tape {
  private left: number;
  private inBurst = 0;
  private burst = 0;
  private at = 0;

  constructor(
    private readonly load: Bursts,
    private readonly keys: KeySource,
  ) {
    this.left = load.size * load.count;
  }

  next(arrival: Arrival): boolean {
    if (this.left === 0) return false;
    this.left--;
    if (this.inBurst++ === this.load.size) {
      this.inBurst = 1;
      this.at = Math.round(++this.burst * this.load.every);
    }
    arrival.dueMicros = this.at;
    arrival.key = this.keys.next();
    return true;
  }

  close(): void {}
}
