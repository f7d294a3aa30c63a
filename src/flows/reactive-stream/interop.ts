import type { StreamObserver } from "./subscriber.ts";

/** What observables of other libraries look like (the TC39 Observable proposal). */
export interface ObservableLike<T> {
  subscribe(observer: StreamObserver<T>): { unsubscribe(): void };
}

/** An observable whose `subscribe` has several forms, as in RxJS; the value type is taken from this one. */
export interface Observed<T> {
  forEach(next: (value: T) => void): Promise<void>;
}

/** Under which name an observable is asked for: the well-known symbol where somebody has made it, else what RxJS falls back to. */
export const OBSERVABLE = ((Symbol as unknown as { observable?: symbol }).observable ?? "@@observable") as "@@observable";

export function asObservable<T>(source: unknown): ObservableLike<T> | null {
  if (typeof source !== "object" || source === null) return null;
  const make = (source as Record<PropertyKey, unknown>)[OBSERVABLE] ?? (source as Record<PropertyKey, unknown>)["@@observable"];
  if (typeof make === "function") return make.call(source) as ObservableLike<T>;
  return typeof (source as { subscribe?: unknown }).subscribe === "function" ? (source as ObservableLike<T>) : null;
}
