import type { DeliveryCount } from "./delivery.ts";
import type { FlowEvent } from "./event.ts";
import { Subscription } from "./subscription.ts";

/** A subscription that ends with its first event: nothing more is delivered to it, and its handler may end in its own time. */
export class OnceSubscription extends Subscription {
  override deliver(event: FlowEvent, tally: DeliveryCount | null): void {
    if (this.delivered > 0 || this.signal.aborted || !this.hears(event)) return;
    super.deliver(event, tally);
    this.endWhenIdle();
  }

  override catchUp(events: readonly FlowEvent[]): void {
    const first = events.find((event) => this.hears(event));
    if (first === undefined || this.delivered > 0) return;
    super.catchUp([first]);
    this.endWhenIdle();
  }

  private endWhenIdle(): void {
    if (this.idle) {
      this.unsubscribe();
      return;
    }
    this.leave();
    void this.drained().then(this.unsubscribe);
  }
}
