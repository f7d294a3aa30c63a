import { attempt } from "../../../kernel/promises.ts";
import type { Failures } from "../../failures.ts";
import { GiveUp } from "../message.ts";
import type { DeadLetter } from "../store.ts";
import type { ConsumerListener, ConsumerRule, Identified, Settled } from "./rule.ts";
import type { SettleReport } from "./settler.ts";

/** Counts the outcomes of a consumer's messages, and reports them to its queue and to `onSettled`. */
export class Outcomes {
  readonly counts = { leased: 0, acknowledged: 0, retried: 0, dead: 0, lost: 0 };

  constructor(
    private readonly rule: ConsumerRule,
    private readonly failures: Failures,
    private readonly listener: ConsumerListener,
  ) {}

  /** Counts outcomes confirmed by the store. */
  readonly settled = ({ acknowledged, again, released, dead, lost }: SettleReport): void => {
    this.listener.trouble(null);
    this.counts.lost += lost;
    this.counts.retried += again;
    if (again > 0 || released > 0) this.listener.givenBack();
    this.left(acknowledged, dead);
  };

  /** Reports messages whose leases ran out `maxAttempts` times, whichever consumers held them. */
  foundDead(letters: readonly DeadLetter[]): void {
    for (const { value, reason } of letters) this.failures.report(this.rule.name, value, new GiveUp(reason));
    this.left([], letters);
  }

  /** Counts messages that have left their group. */
  private left(acknowledged: readonly Identified[], dead: readonly Identified[]): void {
    this.counts.acknowledged += acknowledged.length;
    this.counts.dead += dead.length;
    this.tell(acknowledged, dead);
    this.listener.settled(acknowledged, dead);
  }

  private tell(acknowledged: readonly Identified[], dead: readonly Identified[]): void {
    const { onSettled, name } = this.rule;
    if (onSettled === undefined) return;
    const ended = (refs: readonly Identified[], end: Settled["end"]) => refs.map(({ id }) => ({ id, end }));
    attempt(
      () => onSettled([...ended(acknowledged, "acknowledged"), ...ended(dead, "dead")]),
      (error) => this.failures.report(`${name}, onSettled`, undefined, error),
    );
  }
}
