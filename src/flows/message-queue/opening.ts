import { type SteadyClock, steadyClock, type Timers } from "../../kernel/timers.ts";
import { GroupFigures } from "./group-figures.ts";
import { Inspection } from "./inspection.ts";
import { MOST_BYTES } from "./payload/payload.ts";
import type { MessageQueueOptions } from "./queue-options.ts";
import { Results } from "./results.ts";
import { Sender } from "./sender.ts";
import { checkStore, QueueError, type QueueStore, type StoreAnswer } from "./store.ts";
import { Watch } from "./watch.ts";

/** A queue's store from its opening to its end, and what works on it. */
export class Opening<T> {
  readonly clock: SteadyClock;
  readonly sender: Sender<T>;
  readonly figures: GroupFigures;
  readonly inspection: Inspection<T>;
  readonly watch: Watch;
  readonly results: Results;
  private failure: unknown = null;

  constructor(
    queue: string,
    readonly store: QueueStore,
    { order, capacity = 0, whenFull, maxMessageBytes = MOST_BYTES, values, pollMs = 50, resultMs }: MessageQueueOptions,
    timers: Timers,
    /** Called after messages were added, or made available by other processes. */
    onSent: () => void,
  ) {
    checkStore(store);
    if (resultMs !== undefined && store.note === undefined) throw new QueueError("invalid", "resultMs: this store keeps no results");
    this.clock = store.clock ?? steadyClock(timers);
    const shares = values === "shared";
    const rule = { queue, ordered: order === "key", capacity, rejects: whenFull === "reject", pollMs, maxMessageBytes, shares };
    this.sender = new Sender<T>(rule, store, timers, this.clock, this.attempt, onSent);
    this.figures = new GroupFigures(store, this.clock);
    this.inspection = new Inspection<T>(store, this.attempt);
    this.watch = new Watch(store, timers, pollMs);
    this.results = new Results(store, this.clock, this.watch, resultMs !== undefined);
    store.listen?.(onSent);
  }

  /** What keeps the store from working; null: nothing that is known. */
  get trouble(): unknown {
    return this.store.trouble?.() ?? this.failure;
  }

  /** Records a failure of the store or, with null, that it works. Not final: consumers try again until it does. */
  readonly noteTrouble = (error: unknown): void => {
    this.failure = error;
  };

  /** Runs a change of the store; its success shows that the store works. */
  readonly attempt = async <R>(work: () => StoreAnswer<R>): Promise<R> => {
    const result = await this.ask(work);
    this.failure = null;
    return result;
  };

  async ask<R>(work: () => StoreAnswer<R>): Promise<R> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof QueueError && !["full", "closed", "invalid"].includes(error.problem)) this.noteTrouble(error);
      throw error;
    }
  }
}
