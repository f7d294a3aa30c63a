export interface BucketRule {
  /** Tokens added per second. */
  readonly perSecond: number;
  /** Capacity, and tokens at the beginning. */
  readonly burst: number;
}

/** Callers with a bucket of their own; when there are more, those idle longest lose theirs, which is full again. */
const CALLERS = 10_000;

/** A token bucket per caller: a rate in requests per second, and a burst allowed at once. Times in milliseconds. */
export class TokenBuckets {
  private readonly buckets = new Map<string, { tokens: number; at: number }>();

  constructor(private readonly rule: BucketRule) {}

  /** Takes a token: 0 when the request may pass, else the wait until one may, in milliseconds. */
  take(caller: string, now: number): number {
    const { perSecond, burst } = this.rule;
    const bucket = this.buckets.get(caller) ?? { tokens: burst, at: now };
    this.buckets.delete(caller);
    this.buckets.set(caller, bucket);
    if (this.buckets.size > CALLERS) this.buckets.delete(this.buckets.keys().next().value as string);
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) * perSecond) / 1000);
    bucket.at = now;
    if (bucket.tokens < 1) return ((1 - bucket.tokens) * 1000) / perSecond;
    bucket.tokens--;
    return 0;
  }
}
