import type { Nanoseconds } from "../../kernel/clock.ts";
import type { Time } from "../../kernel/time.ts";
import type { Effort } from "../../workloads/workload.ts";
import { WorkMeter } from "./work-meter.ts";

/**
 * The fixed computation of `cpu` work: a chain in which every step needs the previous one, so that neither a wider core nor a sibling
 * thread on the same core shortens it.
 */
export function burn(rounds: number, seed: number): number {
  let x = seed;
  for (let i = 0; i < rounds; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) | 0;
    x ^= x >>> 13;
  }
  return x;
}

/** Calibrated work in real time. `roundsPerMs`: rounds of `burn` that take a millisecond on a quiet core. */
export class RealEffort implements Effort {
  /** Present value of the chain; kept so that no round can be optimized away. */
  private chain = 1;

  constructor(
    private readonly time: Time,
    private readonly roundsPerMs: number,
    private readonly blocking: boolean,
    private readonly meter: WorkMeter = new WorkMeter(roundsPerMs),
  ) {}

  now(): Nanoseconds {
    return this.time.now();
  }

  compute(span: Nanoseconds): void {
    this.chain = this.meter.run(burn, Math.round((span / 1e6) * this.roundsPerMs), this.chain);
  }

  block(span: Nanoseconds): void {
    this.time.blockUntil(this.time.now() + span);
  }

  pause(span: Nanoseconds): Promise<void> {
    return this.time.sleepUntil(this.time.now() + span);
  }

  wait(span: Nanoseconds): void | Promise<void> {
    if (!this.blocking) return this.time.sleepUntil(this.time.now() + span);
    this.time.blockUntil(this.time.now() + span);
  }
}
