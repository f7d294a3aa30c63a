/** Outcome of one published event, over all subscriptions that it was delivered to. */
export interface Delivery {
  /** Handlers that ended well. */
  readonly handled: number;
  readonly failed: number;
  /** Delivered to no handler, or to one that had not ended when the subscription or the bus ended. */
  readonly abandoned: number;
}

/** Counts down the handlers of one published event. */
export class DeliveryCount implements Delivery {
  handled = 0;
  failed = 0;
  abandoned = 0;
  /** One for the publisher itself, until the event is delivered to every subscription. */
  private open = 1;
  private resolve: ((delivery: Delivery) => void) | null = null;

  join(): void {
    this.open++;
  }

  leave(): void {
    if (--this.open === 0) this.resolve?.(this);
  }

  /** To be called once the event is delivered to every subscription; resolves when all handlers are done. */
  delivered(): Promise<Delivery> {
    if (--this.open === 0) return Promise.resolve(this);
    return new Promise((resolve) => {
      this.resolve = resolve;
    });
  }
}
