import { type BucketRule, TokenBuckets } from "../../resilience/token-bucket.ts";
import type { Buckets, RateLimit } from "./rate-limits.ts";
import type { QueueStore, Tokens } from "./store.ts";

/** The store is asked for as many tokens as come in this time, in milliseconds, and so rarely more often than that. */
const AHEAD_MS = 20;
/** Wait where the store cannot answer at once, in milliseconds. */
const RETRY_MS = 10;
/** Buckets of which tokens are kept that were taken ahead. */
const MOST_AHEAD = 10_000;

/** The buckets of a group's rate limit: those of its store, where other processes share them. */
export function bucketsOf(group: string, { max, perMs }: RateLimit, store: () => QueueStore): Buckets {
  const rule = { perSecond: (max * 1000) / perMs, burst: max };
  return store().takeTokens === undefined ? new TokenBuckets(rule) : new SharedBuckets(group, rule, store);
}

/** Token buckets that several processes share. */
export class SharedBuckets implements Buckets {
  private readonly ahead = new Map<string, number>();
  /** Buckets of which the store has been asked and has not answered. */
  private readonly asked = new Set<string>();
  /** When there may be a token in a bucket that was empty then, in milliseconds since 1970. */
  private readonly nextAt = new Map<string, number>();
  private readonly want: number;

  constructor(
    private readonly group: string,
    private readonly rule: BucketRule,
    private readonly store: () => QueueStore,
  ) {
    this.want = Math.max(1, Math.floor((rule.perSecond * AHEAD_MS) / 1000));
  }

  /** 0 when one may begin, which counts; else the wait until it is to be asked again, in milliseconds. A store that fails lets nothing begin. */
  take(name: string, now: number): number {
    if (this.takeAhead(name)) return 0;
    const wait = this.isAsked(name) ? RETRY_MS : (this.nextAt.get(name) ?? 0) - now;
    if (wait > 0) return wait;
    try {
      const answer = this.store().takeTokens?.(this.group, name, this.rule, this.want, now);
      if (answer instanceof Promise) {
        void this.await(name, answer, now);
        return RETRY_MS;
      }
      return this.takeOf(name, answer ?? { taken: 0, waitMs: RETRY_MS });
    } catch {
      return RETRY_MS;
    }
  }

  isAsked(name: string): boolean {
    return this.asked.has(name);
  }

  /** What comes of an answer that takes its time is there when the bucket is asked again. */
  private async await(name: string, answer: Promise<Tokens>, now: number): Promise<void> {
    this.asked.add(name);
    try {
      const { taken, waitMs } = await answer;
      this.keep(name, taken);
      if (this.nextAt.size >= MOST_AHEAD) this.nextAt.clear();
      if (taken > 0) this.nextAt.delete(name);
      else this.nextAt.set(name, now + waitMs);
    } catch {
      // Asked again the next time.
    } finally {
      this.asked.delete(name);
    }
  }

  private takeOf(name: string, { taken, waitMs }: Tokens): number {
    if (taken === 0) return waitMs;
    this.keep(name, taken - 1);
    return 0;
  }

  private takeAhead(name: string): boolean {
    const left = this.ahead.get(name) ?? 0;
    if (left > 1) this.ahead.set(name, left - 1);
    else this.ahead.delete(name);
    return left > 0;
  }

  private keep(name: string, tokens: number): void {
    if (tokens === 0) return;
    if (this.ahead.size >= MOST_AHEAD) this.ahead.clear();
    this.ahead.set(name, (this.ahead.get(name) ?? 0) + tokens);
  }
}
