import type { SteadyClock } from "../../kernel/timers.ts";
import { inCallersContext } from "../async-context.ts";
import { checkFunction, checkId, checkNames, checkSignal, type OptionNames } from "../options.ts";
import { type Note, type Noted, QueueError, type QueueStore, type StoredMessage } from "./store.ts";
import { WAIT_NAMES, type WaitOptions, type Watch } from "./watch.ts";

/** Options of waiting for what a handler returns. */
export interface ResultOptions extends WaitOptions {
  /** Default: the first group of the queue. */
  readonly group?: string;
  /** Called with what the handler tells by `message.progress`, the latest where it tells more than can be followed. */
  readonly onProgress?: (value: unknown) => void;
}

const RESULT_NAMES: OptionNames<ResultOptions> = { ...WAIT_NAMES, onProgress: true };

/** The message was given up: there is no result of it. */
export class DeadLetterError extends Error {
  override readonly name = "DeadLetterError";

  constructor(readonly letter: StoredMessage) {
    super(`message ${letter.id} was given up: ${letter.reason}`);
  }
}

/** What the handlers of a queue tell of its messages. */
export class Results {
  constructor(
    private readonly store: QueueStore,
    private readonly clock: SteadyClock,
    private readonly watch: Watch,
    private readonly kept: boolean,
  ) {}

  async result(id: number, group: string, options: ResultOptions): Promise<unknown> {
    this.check("result");
    checkId("id", id);
    checkNames(options, RESULT_NAMES);
    const { signal, onProgress } = options;
    checkSignal(signal);
    if (onProgress !== undefined) checkFunction("onProgress", onProgress);
    // Whoever tells of progress may belong to another.
    const tell = onProgress === undefined ? null : inCallersContext(onProgress);
    let seen = 0;
    const { value } = await this.watch.until(id, signal, async () => {
      const end = await this.watch.endOf(id, [group]);
      const progress = tell === null ? null : await this.noted(group, id, "progress");
      if (progress !== null && progress.revision !== seen) tell?.(progress.value);
      seen = progress?.revision ?? seen;
      return end === null ? null : { value: await this.valueOf(id, group, end) };
    });
    return value;
  }

  async progress(id: number, group: string): Promise<unknown> {
    this.check("progress");
    checkId("id", id);
    return (await this.noted(group, id, "progress"))?.value;
  }

  private async valueOf(id: number, group: string, end: "done" | "dead"): Promise<unknown> {
    if (end === "dead") {
      const [letter] = await this.store.list(group, { states: ["dead"], after: id - 1, limit: 1 });
      if (letter?.id === id) throw new DeadLetterError(letter);
    }
    const noted = await this.noted(group, id, "result");
    if (noted !== null) return noted.value;
    const refusal = await this.noted(group, id, "refusal");
    if (refusal !== null) throw new QueueError("invalid", `the result of message ${id} could not be kept: ${String(refusal.value)}`);
    throw new RangeError(`id: there is no result of message ${id}: its time is over, or it was deleted`);
  }

  private check(about: Note["about"]): void {
    if (!this.kept) throw new QueueError("invalid", `${about}: needs the queue's option resultMs`);
  }

  private async noted(group: string, id: number, about: Note["about"]): Promise<Noted | null> {
    return (await this.store.noted?.(group, id, about, this.clock.now())) ?? null;
  }
}
