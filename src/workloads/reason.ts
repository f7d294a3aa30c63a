import { printable } from "../kernel/text.ts";
import { thrownText } from "../kernel/thrown.ts";

/** What was thrown, in one line. */
export function reasonOf(error: unknown): string {
  const text = thrownText(error);
  return printable(text === "" ? "an error without a message" : text, 200);
}
