import { leave } from "../channel.ts";
import { asObservable, type ObservableLike } from "./interop.ts";

/** What a stream can follow. */
export type StreamSource<T> =
  | { readonly kind: "observable"; readonly observable: ObservableLike<T> }
  | { readonly kind: "iterable"; readonly iterable: AsyncIterable<T> };

/** Whoever follows a source. */
export interface Follower<T> {
  /** False while it cannot take another value. */
  readonly isRoomy: boolean;
  /** Resolves when it may be roomy again. */
  roomy(): Promise<void>;
  emit(value: T): void;
  end(ending: { readonly error?: unknown }): void;
  failedToLeave(error: unknown): void;
}

/** What can be followed; null: it is neither an observable nor an async iterable. */
export function sourceOf<T>(source: unknown): StreamSource<T> | null {
  const observable = asObservable<T>(source);
  if (observable !== null) return { kind: "observable", observable };
  if (typeof source !== "object" || source === null) return null;
  const iterable = source as AsyncIterable<T>;
  return typeof iterable[Symbol.asyncIterator] === "function" ? { kind: "iterable", iterable } : null;
}

/** Follows a source until one of the two ends. Returns a function that leaves it. */
export function follow<T>(source: StreamSource<T>, follower: Follower<T>): () => void {
  return source.kind === "observable" ? observe(source.observable, follower) : read(source.iterable, follower);
}

/** An observable cannot wait: what it says while there is no room is dropped, and counted. */
function observe<T>(observable: ObservableLike<T>, follower: Follower<T>): () => void {
  let left = false;
  const unless = (run: () => void) => {
    if (!left) run();
  };
  try {
    const subscription = observable.subscribe({
      next: (value) => unless(() => follower.emit(value)),
      error: (error) => unless(() => follower.end({ error })),
      complete: () => unless(() => follower.end({})),
    });
    return () => {
      left = true;
      subscription.unsubscribe();
    };
  } catch (error) {
    follower.end({ error });
    return () => {};
  }
}

/** An async iterable is asked for its next value once there is room for it. */
function read<T>(iterable: AsyncIterable<T>, follower: Follower<T>): () => void {
  let left = false;
  let values: AsyncIterator<T> | null = null;
  const reading = async () => {
    // After the caller has had the chance to subscribe more than once.
    await null;
    if (left) return;
    values = iterable[Symbol.asyncIterator]();
    for (;;) {
      while (!follower.isRoomy) await follower.roomy();
      if (left) return;
      const result = await values.next();
      if (left) return;
      if (result.done === true) break;
      follower.emit(result.value);
    }
    follower.end({});
  };
  reading().catch((error: unknown) => {
    if (!left) follower.end({ error });
  });
  return () => {
    left = true;
    if (values !== null) leave(values).catch((error: unknown) => follower.failedToLeave(error));
  };
}
