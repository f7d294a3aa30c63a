import { exactPow } from "../kernel/exact-math.ts";
import { Random } from "../kernel/random.ts";

export interface KeyChoice {
  readonly count: number;
  readonly distribution: "uniform" | "round-robin" | "zipf";
  /** Zipf only: weight of the k-th key is 1 / k^exponent. */
  readonly exponent: number;
}

/** Draws the key of each arrival in tape order. */
export interface KeySource {
  next(): number;
}

/** Name of a generated state machine. */
export function workerName(key: number): string {
  return `worker-${key}`;
}

export function keySource(choice: KeyChoice, seed: number): KeySource {
  switch (choice.distribution) {
    case "uniform":
      return new UniformKeys(choice.count, new Random(seed, "keys"));
    case "round-robin": {
      let next = 0;
      return { next: () => next++ % choice.count };
    }
    case "zipf":
      return new ZipfKeys(choice.count, choice.exponent, new Random(seed, "keys"));
    default:
      return choice.distribution satisfies never;
  }
}

/** A single key, for callers that need due times only. */
export const NO_KEYS: KeySource = { next: () => 0 };

/** Share of all arrivals for each key, in order of the keys. */
export function keyShares(choice: KeyChoice): Float64Array {
  const shares = new Float64Array(choice.count);
  if (choice.distribution !== "zipf") return shares.fill(1 / choice.count);
  let total = 0;
  for (let k = 0; k < choice.count; k++) {
    shares[k] = 1 / exactPow(k + 1, choice.exponent);
    total += shares[k] ?? 0;
  }
  return shares.map((weight) => weight / total);
}

class UniformKeys implements KeySource {
  constructor(
    private readonly count: number,
    private readonly random: Random,
  ) {}

  next(): number {
    return this.random.below(this.count);
  }
}

/** Inverse of the cumulative distribution by binary search. */
class ZipfKeys implements KeySource {
  private readonly cumulative: Float64Array;

  constructor(
    count: number,
    exponent: number,
    private readonly random: Random,
  ) {
    this.cumulative = keyShares({ count, distribution: "zipf", exponent });
    for (let k = 1; k < count; k++) this.cumulative[k] = (this.cumulative[k] ?? 0) + (this.cumulative[k - 1] ?? 0);
  }

  next(): number {
    const u = this.random.unit();
    let low = 0;
    let high = this.cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.cumulative[middle] ?? 1) > u) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
