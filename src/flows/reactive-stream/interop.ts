import type { StreamObserver } from "./subscriber.ts";

/** The shape of other libraries' observables (the TC39 Observable proposal). */
export interface ObservableLike<T> {
  subscribe(observer: StreamObserver<T>): { unsubscribe(): void };
}

/** An observable whose `subscribe` has several overloads, as in RxJS; the value type is taken from this one. */
export interface Observed<T> {
  forEach(next: (value: T) => void): Promise<void>;
}

/** The key under which libraries look for an observable where nobody has defined the well-known symbol. */
export const OBSERVABLE = "@@observable";

/** The well-known symbol, which a polyfill may define at any time. */
function wellKnown(): symbol | undefined {
  return (Symbol as unknown as { readonly observable?: symbol }).observable;
}

export function asObservable<T>(source: unknown): ObservableLike<T> | null {
  if (typeof source !== "object" || source === null) return null;
  const members = source as Record<PropertyKey, unknown>;
  const make = members[wellKnown() ?? OBSERVABLE] ?? members[OBSERVABLE];
  if (typeof make === "function") return make.call(source) as ObservableLike<T>;
  return typeof members["subscribe"] === "function" ? (source as ObservableLike<T>) : null;
}

/**
 * Lets a class's objects be found under the well-known symbol too, whenever that is defined: a look-up that finds nothing else ends in a
 * prototype that knows the symbol's present value.
 */
export function findableAsObservable(prototype: object): void {
  const last = new Proxy(Object.prototype, {
    get: (target, key, receiver) =>
      typeof key === "symbol" && key === wellKnown() ? Reflect.get(receiver as object, OBSERVABLE) : Reflect.get(target, key, receiver),
    has: (target, key) => (typeof key === "symbol" && key === wellKnown()) || Reflect.has(target, key),
  });
  Object.setPrototypeOf(prototype, last);
}
