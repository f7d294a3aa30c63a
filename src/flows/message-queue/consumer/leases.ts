import { chance } from "../../../kernel/timers.ts";
import { Stopped } from "../../failures.ts";
import type { LeasedMessage } from "../message.ts";
import type { LeaseRef } from "../store.ts";
import type { ConsumerListener, ConsumerRule, ConsumerTools } from "./rule.ts";

/** How much earlier a lease counts as run out here than for others, in milliseconds: their clocks may be ahead. */
const LEASE_SLACK = 20;

let consumers = 0;

/** The token and the end of a consumer's leases. */
export class Leases {
  /** Distinguishes this consumer's leases from all others, those of other processes included. */
  readonly token: number;

  constructor(
    private readonly rule: ConsumerRule,
    private readonly tools: ConsumerTools,
    private readonly listener: ConsumerListener,
  ) {
    this.token = (consumers++ % 4096) * 2 ** 40 + Math.floor(chance(tools.timers) * 2 ** 40);
  }

  /** When a lease counts as run out here: a little earlier than for others, whose clocks may be ahead of this one. */
  heldUntil(until: number): number {
    return until - Math.min(LEASE_SLACK, this.rule.visibilityMs / 4);
  }

  /**
   * Extends the leases of messages, lost ones are aborted, and of those whose outcomes are not settled yet. False when the store failed.
   */
  async prolong<T>(held: readonly LeasedMessage<T>[], unsettled: readonly LeaseRef[]): Promise<boolean> {
    if (held.length + unsettled.length === 0) return true;
    try {
      const until = this.tools.clock.now() + this.rule.visibilityMs;
      const refs = unsettled.length === 0 ? held : [...held, ...unsettled];
      const lost = new Set(await this.tools.store.extend(this.rule.group, this.token, refs, until));
      this.listener.trouble(null);
      for (const message of held) {
        if (!lost.has(message.id)) message.until = this.heldUntil(until);
        else {
          message.until = 0;
          message.abort(new Stopped("the lease of this message was lost"));
        }
      }
      return true;
    } catch (error) {
      this.listener.trouble(error);
      return false;
    }
  }
}
