/** Why one subscription has not handled an event. */
export interface Undelivered {
  /** Name of the subscription. */
  readonly subscriber: string;
  /** What its handler threw, a `TimedOut`, or for an abandoned one why it was. */
  readonly error: unknown;
}

/** Outcome of one published event, over all subscriptions that it was delivered to. */
export interface Delivery {
  /** Handlers that ended well. */
  readonly handled: number;
  readonly failed: number;
  /** Delivered to no handler, or to one that had not ended when the subscription or the bus ended. */
  readonly abandoned: number;
  /** One reason for each that failed or was abandoned, in the order in which they were known. */
  readonly reasons: readonly Undelivered[];
}

const NONE: Undelivered[] = [];

/** Counts down the handlers of one published event. */
export class DeliveryCount implements Delivery {
  handled = 0;
  failed = 0;
  abandoned = 0;
  reasons = NONE;
  /** One for the publisher itself, until the event is delivered to every subscription. */
  private open = 1;
  private resolve: ((delivery: Delivery) => void) | null = null;

  join(): void {
    this.open++;
  }

  leave(): void {
    if (--this.open === 0) this.resolve?.(this);
  }

  fail(subscriber: string, error: unknown): void {
    this.failed++;
    this.miss(subscriber, error);
  }

  abandon(subscriber: string, error: unknown): void {
    this.abandoned++;
    this.miss(subscriber, error);
  }

  private miss(subscriber: string, error: unknown): void {
    if (this.reasons === NONE) this.reasons = [];
    this.reasons.push({ subscriber, error });
    this.leave();
  }

  /** To be called once the event is delivered to every subscription; resolves when all handlers are done. */
  delivered(): Promise<Delivery> {
    if (--this.open === 0) return Promise.resolve(this);
    return new Promise((resolve) => {
      this.resolve = resolve;
    });
  }
}
