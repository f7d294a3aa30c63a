/** What was thrown says, whatever it is: an error's message, else its name, else it as text. */
export function thrownText(error: unknown): string {
  try {
    return error instanceof Error ? error.message || error.name : String(error);
  } catch {
    return "something that cannot be written as text";
  }
}

/** True for what a handler gives that is not done yet. What will not even be looked at is an answer like any other. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== "object" || value === null) return false;
  try {
    return typeof (value as { then?: unknown }).then === "function";
  } catch {
    return false;
  }
}
