import { type SteadyClock, type Timers, turn } from "../../../kernel/timers.ts";
import type { LeaseRef, Note, QueueStore, Settlement } from "../store.ts";
import type { Identified } from "./rule.ts";

/** Outcomes that a store has settled. */
export interface SettleReport {
  readonly acknowledged: readonly Identified[];
  /** Messages that will be retried. */
  readonly again: number;
  /** Messages put back without having begun. */
  readonly released: number;
  readonly dead: readonly Identified[];
  /** Leases that were no longer this consumer's: nothing was done about them. */
  readonly lost: number;
}

export interface OnSettled {
  settled(outcome: SettleReport): void;
  /** Keeps the results of messages that are about to be acknowledged. */
  results(notes: readonly Note[]): Promise<void>;
  /** Called when what `soon` began is over, whether it failed or not. */
  done(): void;
  failed(error: unknown): void;
}

/** Collects the outcomes of leased messages and settles them with the store in batches. */
export class Settler {
  acknowledged: LeaseRef[] = [];
  /** Results of acknowledged messages, stored first: once a message is seen to be done its result is there. */
  results: Note[] = [];
  again: (LeaseRef & { delayMs: number })[] = [];
  dead: (LeaseRef & { reason: string })[] = [];
  /** Put back without having begun. */
  released: (LeaseRef & { delayMs?: number })[] = [];
  /** The settlement in progress, one at a time; never rejects. */
  private settling: Promise<void> | null = null;
  /** What the store is settling now. */
  private underway: Settlement | null = null;

  constructor(
    private readonly lease: { readonly group: string; readonly token: number },
    private readonly store: QueueStore,
    private readonly timers: Timers,
    private readonly clock: SteadyClock,
    private readonly on: OnSettled,
  ) {}

  private get empty(): boolean {
    return this.acknowledged.length + this.again.length + this.dead.length + this.released.length === 0;
  }

  /** Leases of outcomes that the store has not confirmed. */
  get unsettled(): LeaseRef[] {
    const of = ({ acknowledged, again, dead, released }: Settlement) => [...acknowledged, ...again, ...dead, ...released];
    return this.underway === null ? of(this) : [...of(this), ...of(this.underway)];
  }

  /** Settles what is collected, unless that is in progress. What ends meanwhile is settled after it. */
  async settleNow(): Promise<void> {
    if (this.settling !== null || this.empty) return;
    await this.alone();
    if (!this.empty) this.soon();
  }

  /** Settles after this turn of the loop, so that everything that ends within it is settled together. */
  soon(): void {
    if (this.settling !== null) return;
    this.settling = turn(this.timers)
      .then(() => this.settle())
      .catch((error: unknown) => this.on.failed(error))
      .finally(() => {
        this.settling = null;
        this.on.done();
      });
  }

  /** Settles what is left, after the settlement in progress. */
  async settleRest(): Promise<void> {
    while (this.settling !== null) await this.settling;
    await this.alone();
  }

  /** Settles while nothing else does. */
  private async alone(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.settling = promise;
    try {
      await this.settle();
    } finally {
      this.settling = null;
      resolve();
    }
  }

  private async settle(): Promise<void> {
    if (this.empty) return;
    const { acknowledged, again, dead, released, results } = this;
    this.acknowledged = [];
    this.results = [];
    this.again = [];
    this.dead = [];
    this.released = [];
    const underway = { acknowledged, again, dead, released };
    this.underway = underway;
    let gone: ReadonlySet<number>;
    try {
      const { group, token } = this.lease;
      if (results.length > 0) await this.on.results(results);
      gone = new Set(await this.store.settle(group, token, underway, this.clock.now()));
    } catch (error) {
      // Not settled: collected again, and if that never works their leases run out.
      this.acknowledged.push(...acknowledged);
      this.results.push(...results);
      this.again.push(...again);
      this.dead.push(...dead);
      this.released.push(...released);
      throw error;
    } finally {
      this.underway = null;
    }
    const left = <R extends LeaseRef>(refs: readonly R[]) => (gone.size === 0 ? refs : refs.filter(({ id }) => !gone.has(id)));
    this.on.settled({
      acknowledged: left(acknowledged),
      again: left(again).length,
      released: left(released).length,
      dead: left(dead),
      lost: gone.size,
    });
  }
}
