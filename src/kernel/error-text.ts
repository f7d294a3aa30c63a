/** Text of anything thrown: an error's message, else its name; a message property of other objects, else the value as text. */
export function errorText(error: unknown): string {
  try {
    if (error instanceof Error) return error.message || error.name;
    if (typeof error !== "object" || error === null) return String(error);
    const { message } = error as { message?: unknown };
    return typeof message === "string" ? message : (JSON.stringify(error) ?? String(error)).slice(0, LONGEST);
  } catch {
    return "something that cannot be written as text";
  }
}

/** Most characters. */
const LONGEST = 1000;
