/** True for what a handler gives that is not done yet. What will not even be looked at is an answer like any other. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== "object" || value === null) return false;
  try {
    return typeof (value as { then?: unknown }).then === "function";
  } catch {
    return false;
  }
}

/**
 * True for a promise that was fulfilled before anybody waited for it: an async function that never had to. Waiting for it all the same
 * would cost a turn of the microtask queue, a second promise and two closures; `Bun.peek` tells what it holds.
 */
export function isFulfilled(answer: PromiseLike<unknown>): boolean {
  return answer instanceof Promise && Bun.peek.status(answer) === "fulfilled";
}

/** A promise of what is waited for: a thenable need not keep to the rules of promises. */
export function promiseOf<T>(answer: PromiseLike<T>): Promise<T> {
  return answer instanceof Promise ? answer : Promise.resolve(answer);
}

/** Reports the rejection of what a callback returned: an asynchronous callback may fail as well, and nothing else awaits it. */
export function ifRejected(answer: unknown, report: (error: unknown) => void): void {
  if (isThenable(answer)) promiseOf(answer).then(undefined, report);
}

/** Calls somebody else's function, and hears of it however it fails: at once, or in its own time. */
export function attempt(call: () => unknown, failed: (error: unknown) => void): void {
  try {
    ifRejected(call(), failed);
  } catch (error) {
    failed(error);
  }
}
