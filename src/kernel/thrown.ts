/** What was thrown says, whatever it is: an error's message, else its name; of other things their message, else themselves as text. */
export function thrownText(error: unknown): string {
  try {
    if (error instanceof Error) return error.message || error.name;
    if (typeof error !== "object" || error === null) return String(error);
    const { message } = error as { message?: unknown };
    return typeof message === "string" ? message : (JSON.stringify(error) ?? String(error)).slice(0, LONGEST);
  } catch {
    return "something that cannot be written as text";
  }
}

/** Characters. */
const LONGEST = 1000;
