const onBun = process.versions.bun !== undefined;

/** True for a pending result of a handler. A value whose `then` throws on access counts as a result. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== "object" || value === null) return false;
  try {
    return typeof (value as { then?: unknown }).then === "function";
  } catch {
    return false;
  }
}

/**
 * True for a promise already fulfilled: of an async function that never had to wait. Awaiting it would cost a turn of the microtask queue,
 * a second promise and two closures. False where that cannot be seen, as on Node.
 */
export function isFulfilled(answer: PromiseLike<unknown>): boolean {
  return onBun && answer instanceof Promise && Bun.peek.status(answer) === "fulfilled";
}

/** The value of a promise that `isFulfilled`; what is no promise as it is. */
export function fulfilledValue(answer: unknown): unknown {
  return onBun && answer instanceof Promise ? Bun.peek(answer) : answer;
}

/** Wraps a thenable, which need not keep the rules of promises. */
export function promiseOf<T>(answer: PromiseLike<T>): Promise<T> {
  return answer instanceof Promise ? answer : Promise.resolve(answer);
}

/** Reports the rejection of a callback's result, which nothing else awaits. */
export function ifRejected(answer: unknown, report: (error: unknown) => void): void {
  if (isThenable(answer)) promiseOf(answer).then(undefined, report);
}

/** Calls a user's function, and reports its failure, whether it throws or rejects. */
export function attempt(call: () => unknown, failed: (error: unknown) => void): void {
  try {
    ifRejected(call(), failed);
  } catch (error) {
    failed(error);
  }
}
