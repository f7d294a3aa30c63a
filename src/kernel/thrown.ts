/** What was thrown says, whatever it is: an error's message, else its name, else it as text. */
export function thrownText(error: unknown): string {
  try {
    return error instanceof Error ? error.message || error.name : String(error);
  } catch {
    return "something that cannot be written as text";
  }
}

/** True for what a handler gives that is not done yet. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
