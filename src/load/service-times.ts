import type { Nanoseconds } from "../kernel/clock.ts";
import { exactExp, exactLog } from "../kernel/exact-math.ts";
import { Random } from "../kernel/random.ts";

export interface ServiceTime {
  /** Mean, in microseconds. */
  readonly time: number;
  readonly distribution: "constant" | "uniform" | "exponential" | "lognormal";
  /** Lognormal only: standard deviation over mean. */
  readonly cv: number;
}

/** Service time of each message, drawn in tape order: the same in every mode. */
export class ServiceTimes {
  private readonly random: Random;
  private readonly sigma: number;

  constructor(
    private readonly service: ServiceTime,
    seed: number,
  ) {
    this.random = new Random(seed, "service");
    this.sigma = Math.sqrt(exactLog(1 + service.cv * service.cv));
  }

  next(): Nanoseconds {
    const mean = this.service.time * 1000;
    switch (this.service.distribution) {
      case "constant":
        return mean;
      case "uniform":
        return 2 * mean * this.random.unit();
      case "exponential":
        return -mean * exactLog(1 - this.random.unit());
      case "lognormal":
        return mean * exactExp(this.sigma * this.normal() - (this.sigma * this.sigma) / 2);
      default:
        return this.service.distribution satisfies never;
    }
  }

  /** A standard normal variate by the polar method (G. Marsaglia, 1964). */
  private normal(): number {
    for (;;) {
      const u = 2 * this.random.unit() - 1;
      const v = 2 * this.random.unit() - 1;
      const s = u * u + v * v;
      if (s > 0 && s < 1) return u * Math.sqrt((-2 * exactLog(s)) / s);
    }
  }
}

/** Squared coefficient of variation of a service time. */
export function squaredVariation({ distribution, cv }: Omit<ServiceTime, "time">): number {
  switch (distribution) {
    case "constant":
      return 0;
    case "uniform":
      return 1 / 3;
    case "exponential":
      return 1;
    case "lognormal":
      return cv * cv;
    default:
      return distribution satisfies never;
  }
}
