import type { Timers } from "../../../kernel/timers.ts";
import type { BackoffRule } from "../../../resilience/backoff.ts";
import type { Failures } from "../../failures.ts";
import type { PartStats } from "../../part.ts";
import type { QueueStore } from "../store.ts";

/** How a message left its group. */
export interface Settled {
  readonly id: number;
  readonly end: "acknowledged" | "dead";
}

export interface ConsumerRule {
  readonly name: string;
  readonly group: string;
  readonly concurrency: number;
  /** Messages leased at a time; null: as many as it gets done quickly. */
  readonly batch: number | null;
  readonly visibilityMs: number;
  readonly timeoutMs: number;
  readonly maxAttempts: number;
  readonly backoff: BackoffRule;
  readonly ordered: boolean;
  /** While it says so, nothing is leased. */
  readonly paused: () => boolean;
  /** Called with the messages that have left their group, once the store has confirmed it. */
  readonly onSettled?: ((messages: readonly Settled[]) => void) | undefined;
  /** How long to wait before looking whether another process has sent something, in milliseconds. */
  readonly pollMs: number;
}

export interface ConsumerStats extends PartStats {
  readonly name: string;
  readonly group: string;
  readonly leased: number;
  readonly acknowledged: number;
  readonly retried: number;
  readonly dead: number;
  /** Leases that ran out, or were another's, before they were settled. */
  readonly lost: number;
  readonly running: number;
  readonly oldestMs: number | null;
}

/** What a consumer works with. */
export interface ConsumerTools {
  readonly store: QueueStore;
  readonly failures: Failures;
  readonly timers: Timers;
}

/** What its queue hears of a consumer. */
export interface ConsumerListener {
  /** The store fails, and when it works again (null). */
  trouble(error: unknown): void;
  /** Messages have left their group. */
  settled(): void;
  /** Others may have messages that this one had. */
  givenBack(): void;
  /** Stopped by the caller: it is not resumed when its queue is started again. */
  unwanted(): void;
  stopped(): void;
}
