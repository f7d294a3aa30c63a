import { errorText } from "../kernel/error-text.ts";
import { printable } from "../kernel/text.ts";

/** Text of anything thrown, in one line. */
export function reasonOf(error: unknown): string {
  const text = errorText(error);
  return printable(text === "" ? "an error without a message" : text, 200);
}
