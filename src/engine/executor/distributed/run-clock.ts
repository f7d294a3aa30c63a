import { type Clock, monotonic, type Nanoseconds, wallSince } from "../../../kernel/clock.ts";

const READINGS = 5;

/**
 * The wall clock of this process as it was at its start, carried on by the monotonic clock: it never steps. Nanoseconds since the second
 * `base`. `clock`: the monotonic clock; `wall`: what the wall clock has gone since a second of its own.
 */
export class RunClock implements Clock {
  /** Instants of this clock less those of the monotonic one. */
  readonly anchor: Nanoseconds;

  constructor(
    base: number,
    private readonly clock: Clock = monotonic,
    wall: (second: number) => Nanoseconds = wallSince,
  ) {
    let shortest = Number.POSITIVE_INFINITY;
    let anchor = 0;
    // This thread may lose its core between the two.
    for (let i = 0; i < READINGS; i++) {
      const before = clock.now();
      const shown = wall(base);
      const after = clock.now();
      if (after - before >= shortest) continue;
      shortest = after - before;
      anchor = shown - before;
    }
    this.anchor = anchor;
  }

  now(): Nanoseconds {
    return this.clock.now() + this.anchor;
  }
}
