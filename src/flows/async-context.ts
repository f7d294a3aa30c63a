import { AsyncLocalStorage } from "node:async_hooks";

/**
 * The async context of a caller: what its `AsyncLocalStorage`s hold. Whatever has to wait (an event, an item, a value, a message) takes its
 * caller's along, and is handled inside it; what is handled at once is inside it anyway. Calls a function inside it, with the arguments that
 * follow.
 */
export type CallerContext = ReturnType<typeof AsyncLocalStorage.snapshot>;

/** The context of the code that calls this. */
export function callerContext(): CallerContext {
  return AsyncLocalStorage.snapshot();
}
