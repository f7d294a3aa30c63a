import { type Clock, monotonic, type Nanoseconds, wallClock } from "../../../kernel/clock.ts";

const READINGS = 5;

/**
 * The wall clock of this process as it was at its start, carried on by the monotonic clock: it never steps. Nanoseconds since the second
 * `base`. `clock`: the monotonic clock.
 */
export class RunClock implements Clock {
  /** Instants of this clock less those of the monotonic one. */
  readonly anchor: Nanoseconds;

  constructor(
    base: number,
    private readonly clock: Clock = monotonic,
    wallMs: () => number = wallClock,
  ) {
    let shortest = Number.POSITIVE_INFINITY;
    let anchor = 0;
    // This thread may lose its core between the two.
    for (let i = 0; i < READINGS; i++) {
      const before = clock.now();
      const wall = wallMs();
      const after = clock.now();
      if (after - before >= shortest) continue;
      shortest = after - before;
      anchor = (wall - base * 1000) * 1e6 - before;
    }
    this.anchor = anchor;
  }

  now(): Nanoseconds {
    return this.clock.now() + this.anchor;
  }
}
