import { AsyncResource } from "node:async_hooks";

/**
 * The async context of a caller: what its `AsyncLocalStorage`s hold. Whatever has to wait (an event, an item, a value, a message) takes its
 * caller's along, and is handled inside it; what is handled at once is inside it anyway.
 */
export type CallerContext = Pick<AsyncResource, "runInAsyncScope">;

/** The context of the code that calls this. Costs some 10 ns; `runInAsyncScope(method, self, ...arguments)` calls something inside it. */
export function callerContext(): CallerContext {
  return new AsyncResource("lab-tui/flows");
}

/** A function as called in the context of the code that calls this, wherever it is called. */
export function inCallersContext<Args extends unknown[], R>(call: (...args: Args) => R): (...args: Args) => R {
  const caller = callerContext();
  return (...args) => caller.runInAsyncScope(call, undefined, ...args);
}
