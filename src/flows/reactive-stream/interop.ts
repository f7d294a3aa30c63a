import type { StreamObserver } from "./subscriber.ts";

/** The shape of other libraries' observables (the TC39 Observable proposal). */
export interface ObservableLike<T> {
  subscribe(observer: StreamObserver<T>): { unsubscribe(): void };
}

/** An observable whose `subscribe` has several overloads, as in RxJS; the value type is taken from this one. */
export interface Observed<T> {
  forEach(next: (value: T) => void): Promise<void>;
}

/** The key under which an observable is requested: the well-known symbol where something has defined it, else RxJS's fallback. */
export const OBSERVABLE = ((Symbol as unknown as { observable?: symbol }).observable ?? "@@observable") as "@@observable";

export function asObservable<T>(source: unknown): ObservableLike<T> | null {
  if (typeof source !== "object" || source === null) return null;
  const make = (source as Record<PropertyKey, unknown>)[OBSERVABLE] ?? (source as Record<PropertyKey, unknown>)["@@observable"];
  if (typeof make === "function") return make.call(source) as ObservableLike<T>;
  return typeof (source as { subscribe?: unknown }).subscribe === "function" ? (source as ObservableLike<T>) : null;
}
