/** What was thrown says, whatever it is: an error's message, else its name, else it as text. */
export function thrownText(error: unknown): string {
  try {
    return error instanceof Error ? error.message || error.name : String(error);
  } catch {
    return "something that cannot be written as text";
  }
}
