import type { SteadyClock, Timers } from "../../../kernel/timers.ts";
import type { BackoffRule } from "../../../resilience/backoff.ts";
import type { Failures } from "../../failures.ts";
import type { PartStats, StopOptions } from "../../part.ts";
import type { PayloadRule } from "../payload/payload.ts";
import type { GroupLimit } from "../rate-limits.ts";
import type { QueueStore } from "../store.ts";

export interface Identified {
  readonly id: number;
}

/** How a message left its group. */
export interface Settled {
  readonly id: number;
  readonly end: "acknowledged" | "dead";
}

/** Settings of a consumer, with defaults filled in. Times in milliseconds. */
export interface ConsumerRule extends PayloadRule {
  readonly queue: string;
  readonly name: string;
  readonly group: string;
  readonly concurrency: number;
  /** Messages leased at a time; null: adapted to how quickly they are done. */
  readonly batch: number | null;
  readonly visibilityMs: number;
  readonly timeoutMs: number;
  readonly maxAttempts: number;
  readonly backoff: BackoffRule;
  readonly ordered: boolean;
  /** Nothing is leased while this is true. */
  readonly paused: () => boolean;
  /** Called with messages that have left their group, once the store has confirmed it. */
  readonly onSettled?: ((messages: readonly Settled[]) => void) | undefined;
  /** How long results and progress are kept, in milliseconds; null: they are not. */
  readonly resultMs: number | null;
  /** Interval of polling for messages sent by other processes, in milliseconds. */
  readonly pollMs: number;
}

/** Counts of a consumer since it started. */
export interface ConsumerStats extends PartStats {
  readonly name: string;
  readonly group: string;
  readonly leased: number;
  readonly acknowledged: number;
  readonly retried: number;
  readonly dead: number;
  /** Leases that ran out, or belonged to another consumer, before they were settled. */
  readonly lost: number;
  readonly running: number;
  readonly oldestMs: number | null;
}

/** A consumer of a group, as `MessageQueue.consume` returns it. `using` stops it at once. */
export interface Consumer<_T = unknown> extends Disposable {
  /**
   * Leases nothing more, lets handlers end until the deadline, and puts back what was not begun. Shortly before it the signals of handlers
   * still running are aborted. Default 10 000 milliseconds.
   */
  stop(deadline?: number | StopOptions): Promise<void>;
  stats(): ConsumerStats;
}

/** Services that a consumer needs. */
export interface ConsumerTools {
  readonly store: QueueStore;
  readonly failures: Failures;
  readonly timers: Timers;
  /** How fast messages may begin; null: there is no limit. */
  readonly limit: GroupLimit | null;
  /** The time of the store. */
  readonly clock: SteadyClock;
}

/** Notifications of a consumer to its queue. */
export interface ConsumerListener {
  /** The store has failed or, with null, works again. */
  trouble(error: unknown): void;
  /** Messages have left their group. */
  settled(acknowledged: readonly Identified[], dead: readonly Identified[]): void;
  /** Handlers have told something of messages that they are at. */
  told(list: readonly Identified[]): void;
  /** Messages that this consumer held may be available to others. */
  givenBack(): void;
  /** Stopped by the caller: it is not resumed when its queue is started again. */
  unwanted(): void;
  stopped(): void;
}
