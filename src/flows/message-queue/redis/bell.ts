import type { RedisPort } from "../../../kernel/redis/port.ts";
import { pause, type Timers } from "../../../kernel/timers.ts";

/** How long one read waits in Redis, in milliseconds. */
export const BELL_WAIT_MS = 5000;
/** Wait after a read that failed, in milliseconds. */
const RETRY_MS = 500;

/** Listens, on a connection of its own, for what other processes have made available. */
export class RedisBell {
  private started = false;
  private closed = false;
  /** What keeps it from listening; null: nothing. */
  failure: unknown = null;

  constructor(
    private readonly port: RedisPort,
    private readonly key: string,
    /** The caller's own name, whose rings are not reported. */
    private readonly own: string,
    private readonly timers: Timers,
    private readonly rung: () => void,
  ) {}

  start(): void {
    if (this.started) return;
    this.started = true;
    void this.listen();
  }

  close(): void {
    this.closed = true;
    this.port.close();
  }

  private async listen(): Promise<void> {
    let last = "0-0";
    while (!this.closed) {
      try {
        // After a failure only a look, which shows that it is over.
        const blocking = this.failure === null ? ["BLOCK", String(BELL_WAIT_MS)] : [];
        const reply = await this.port.send("XREAD", [...blocking, "STREAMS", this.key, last]);
        if (this.failure !== null) this.rung();
        this.failure = null;
        const entries = (reply as { readonly [key: string]: readonly [string, readonly string[]][] } | null)?.[this.key] ?? [];
        if (entries.some(([, [, by]]) => by !== this.own)) this.rung();
        last = entries.at(-1)?.[0] ?? last;
      } catch (error) {
        if (this.closed) return;
        this.failure = error;
        await pause(this.timers, RETRY_MS);
      }
    }
  }
}
