import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/**
 * A stream of random numbers that is the same on every machine for the same seed and name. Streams of different names are independent:
 * drawing more from one leaves the others unchanged.
 */
export class Random {
  private readonly generator: ReturnType<typeof xoroshiro128plus>;

  constructor(seed: number, stream: string) {
    let mixed = 0x811c9dc5 ^ Math.imul(seed | 0, 0x9e3779b1) ^ Math.floor(seed / 2 ** 32);
    for (let i = 0; i < stream.length; i++) mixed = Math.imul(mixed ^ stream.charCodeAt(i), 0x01000193);
    mixed ^= mixed >>> 16;
    mixed = Math.imul(mixed, 0x85ebca6b);
    this.generator = xoroshiro128plus(mixed ^ (mixed >>> 13));
  }

  /** 32 random bits, 0 … 2³²−1. */
  bits(): number {
    return this.generator.next() >>> 0;
  }

  /** Uniform in [0, 1) with 53 random bits. */
  unit(): number {
    const high = this.generator.next() >>> 5;
    const low = this.generator.next() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  /** Uniform integer in 0 … bound−1, bound ≤ 2³². Bias below bound/2³². */
  below(bound: number): number {
    return Math.floor(((this.generator.next() >>> 0) / 4294967296) * bound);
  }
}
