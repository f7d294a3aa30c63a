import type { Recorder } from "../../telemetry/recorder.ts";
import type { FailureCount } from "../../telemetry/result.ts";
import { Tally } from "../../telemetry/tally.ts";
import { reasonOf } from "../../workloads/reason.ts";

/**
 * Late errors of a handler: a promise that nothing awaits, a timer. Each counts one message of this thread as failed, and never ends the
 * run.
 */
export class UnhandledErrors {
  private readonly failures = new Tally();
  /** Errors that came before there was a message to count them with. */
  private early = 0;

  constructor(private readonly recorder: Pick<Recorder, "stray">) {
    current = this;
  }

  catch(error: unknown): void {
    // The message that caused it may not have ended yet; a message counts once, however many errors it leaves behind.
    if (!this.recorder.stray()) this.early++;
    this.failures.add(`after it had returned: ${reasonOf(error)}`);
  }

  /** Waits for the errors of what was left running so far; later uncaught errors are the lab's own again. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    if (current === this) current = null;
    for (; this.early > 0; this.early--) if (!this.recorder.stray()) return;
  }

  get failureCounts(): FailureCount[] {
    return this.failures.counts;
  }
}

let current: UnhandledErrors | null = null;

/** True when the error was a handler's and is counted. */
export function caughtAsStray(error: unknown): boolean {
  current?.catch(error);
  return current !== null;
}
