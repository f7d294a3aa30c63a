import type { Timers } from "../../../kernel/timers.ts";

/** The sleep of a consumer's loop; a message, a handler's end or a stop interrupts it. */
export class Sleeper {
  /** Woken since the loop last looked: the next sleep is skipped. */
  private poked = false;
  private wakeUp: (() => void) | null = null;

  constructor(private readonly timers: Timers) {}

  /** Called for every message sent. */
  wake(): void {
    if (this.poked) return;
    this.poked = true;
    this.wakeUp?.();
  }

  /** Forgets earlier calls of `wake`, as the loop is about to look at everything. */
  look(): void {
    this.poked = false;
  }

  /** Sleeps for a span in milliseconds (Infinity: no limit) or until `wake`; not at all when `wake` was called since `look`. */
  async sleep(ms: number): Promise<void> {
    if (this.poked) return;
    await new Promise<void>((resolve) => {
      const cancel = ms === Number.POSITIVE_INFINITY ? () => {} : this.timers.after(ms, resolve);
      this.wakeUp = () => {
        cancel();
        resolve();
      };
    });
    this.wakeUp = null;
  }
}
