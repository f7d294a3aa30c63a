import type { BucketRule } from "../../../resilience/token-bucket.ts";
import type { Tokens } from "../store.ts";
import type { prepare } from "./statements.ts";

/** Buckets of new names after which those that are full again are forgotten. */
const SWEEP_EACH = 1000;

/** Token buckets in a queue's file. To be called within a transaction. */
export class RateBuckets {
  private made = 0;

  constructor(private readonly sql: ReturnType<typeof prepare>) {}

  take(grp: number, name: string, { perSecond, burst }: BucketRule, want: number, now: number): Tokens {
    const { sql } = this;
    const bucket = sql.bucket.get(grp, name);
    if (bucket === null && ++this.made % SWEEP_EACH === 0) sql.dropFull.run(grp, now - (burst * 1000) / perSecond);
    const since = bucket === null ? 0 : Math.max(0, now - bucket.at);
    const tokens = bucket === null ? burst : Math.min(burst, bucket.tokens + (since * perSecond) / 1000);
    const taken = Math.min(want, Math.floor(tokens));
    if (taken === 0) return { taken, waitMs: ((1 - tokens) * 1000) / perSecond };
    sql.fill.run(grp, name, tokens - taken, now);
    return { taken, waitMs: 0 };
  }
}
