import { realTimers, type Timers, within } from "../../kernel/timers.ts";
import { Stopped } from "../failures.ts";
import { checkFunction, checkName, timersOf } from "../options.ts";
import { deadlineOf, type Health, type Part, type PartStats, type StopOptions } from "../part.ts";

/** A long-running function as a part: feeding a pipeline, following a source, sweeping a table. */
export class Service implements Part {
  private running: Promise<void> | null = null;
  private abort = new AbortController();
  private starts = 0;
  private down: { readonly error: unknown } | null = null;
  private readonly listeners = new Set<(error: unknown) => void>();

  constructor(
    readonly name: string,
    /** Must end soon after its signal is aborted. Ending earlier is a failure. */
    private readonly run: (signal: AbortSignal) => Promise<void>,
    private readonly timers: Timers = realTimers,
  ) {
    checkName(name);
    checkFunction(name, run);
    timersOf(timers);
  }

  start(): void {
    if (this.running !== null) return;
    this.starts++;
    this.down = null;
    const abort = new AbortController();
    this.abort = abort;
    const ended = (error: unknown) => {
      if (this.abort !== abort) return;
      this.running = null;
      if (abort.signal.aborted) return;
      this.down = { error };
      for (const listener of this.listeners) listener(error);
    };
    this.running = (async () => this.run(abort.signal))().then(() => ended(new Error(`${this.name} ended by itself`)), ended);
  }

  async stop(options: StopOptions = {}): Promise<void> {
    const deadlineMs = deadlineOf(options);
    const { running } = this;
    this.abort.abort(new Stopped(`${this.name} was stopped`));
    if (running !== null) await within(this.timers, deadlineMs, running, undefined);
    this.running = null;
  }

  stats(): PartStats {
    return { starts: this.starts, running: this.running !== null };
  }

  health(): Health {
    if (this.down !== null) return { status: "down", detail: this.down.error instanceof Error ? this.down.error.message : "it failed" };
    return this.running === null ? { status: "down", detail: "stopped" } : { status: "up" };
  }

  onDown(listener: (error: unknown) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
