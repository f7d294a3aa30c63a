import { leave } from "../channel.ts";
import type { ObservableLike } from "./interop.ts";

/** The stream that a source feeds. */
export interface SourceTarget<T> {
  /** True once the stream has ended and accepts nothing more. */
  over(): boolean;
  /** Sets how to leave the source once the stream ends. */
  leaveBy(leave: () => void): void;
  emit(value: T): void;
  endWith(error: unknown): void;
  complete(): void;
  failedToLeave(error: unknown): void;
}

/** Feeds a stream from an observable, until one of the two ends. */
export function observe<T>(observable: ObservableLike<T>, target: SourceTarget<T>): void {
  try {
    const subscription = observable.subscribe({
      next: (value) => {
        if (!target.over()) target.emit(value);
      },
      error: (error) => target.endWith(error),
      complete: () => target.complete(),
    });
    if (target.over()) subscription.unsubscribe();
    else target.leaveBy(() => subscription.unsubscribe());
  } catch (error) {
    target.endWith(error);
  }
}

/** Feeds a stream from an async iterable, until one of the two ends. */
export async function read<T>(source: AsyncIterable<T>, target: SourceTarget<T>): Promise<void> {
  const values = source[Symbol.asyncIterator]();
  target.leaveBy(() => {
    leave(values).catch((error: unknown) => target.failedToLeave(error));
  });
  try {
    for (;;) {
      const result = await values.next();
      if (target.over()) return;
      if (result.done === true) break;
      target.emit(result.value);
    }
    target.complete();
  } catch (error) {
    target.endWith(error);
  }
}
