import type { Subscription } from "./subscription.ts";

/** Types whose subscriptions are remembered at most. */
export const MOST_ROUTES = 1000;

type ByType = Record<string, readonly Subscription[] | undefined>;

/** The subscriptions of each event type, computed when an event of the type first comes. */
export class Routes {
  /** An object without a prototype rather than a `Map`: half the time, and no name has a special meaning. Read for every event. */
  byType: ByType = Object.create(null);
  /** Types that are remembered. */
  size = 0;

  /** Adds the subscriptions of a type that is not remembered. */
  add(type: string, subscriptions: readonly Subscription[]): readonly Subscription[] {
    const heard = subscriptions.filter(({ rule }) => rule.types === null || rule.types.includes(type));
    // Names from outside are arbitrary: types without a subscription are not remembered, of the others `MOST_ROUTES`.
    if (this.size >= MOST_ROUTES) this.forget();
    if (heard.length > 0) {
      this.byType[type] = heard;
      this.size++;
    }
    return heard;
  }

  /** Forgets all types: the subscriptions have changed. */
  forget(): void {
    this.byType = Object.create(null);
    this.size = 0;
  }
}
