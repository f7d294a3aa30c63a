import type { RedisPort } from "../../kernel/redis/port.ts";

/** Longest wait in milliseconds: a lease may run out meanwhile, or a ring be lost with a restart. */
const LONGEST_MS = 1000;
/** Wait after a failure. */
const RETRY_MS = 100;

/** Waits until there may be something to take: for a ring of the run, over a connection of its own. */
export class SlotBell {
  private pending: Promise<void> | null = null;
  private wake: () => void = () => {};
  private cancelled = false;

  constructor(
    private readonly redis: RedisPort,
    private readonly key: string,
  ) {}

  /** Resolves at the next ring, after `idleMs` at the latest (null: unknown), or when it is cancelled. */
  wait(idleMs: number | null): Promise<void> {
    if (this.cancelled) return Promise.resolve();
    this.pending ??= new Promise((resolve) => {
      this.wake = resolve;
      void this.listen(Math.min(LONGEST_MS, idleMs ?? LONGEST_MS)).then(resolve);
    });
    return this.pending;
  }

  /** Resolves the wait. */
  cancel(): void {
    this.cancelled = true;
    this.wake();
  }

  private async listen(ms: number): Promise<void> {
    try {
      await this.redis.send("BLPOP", [this.key, String(Math.max(0.01, ms / 1000))]);
    } catch {
      await Bun.sleep(RETRY_MS);
    } finally {
      this.pending = null;
    }
  }
}
