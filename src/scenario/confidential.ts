import type { Path } from "../kernel/plain-value.ts";
import { quoted } from "../kernel/text.ts";

/** Names of fields that hold, or may hold, what is nobody else's business. */
const WORDS =
  /^(headers|auth|authorization|proxy-authorization|bearer|basic|password|passphrase|passwd|token|secret|cookie|x?-?api[-_]?key)$/i;

/** True where what stands at a path, or one written with dots, is not to be shown. */
export function isConfidential(path: Path): boolean {
  return path.some((part) =>
    String(part)
      .split(".")
      .some((word) => WORDS.test(word)),
  );
}

/** What stands at a path, short enough for a message; what is confidential of it, user and password of an address among that, is left out. */
export function shown(path: Path, value: unknown, limit = 60): string {
  if (value === undefined) return quoted(value);
  if (isConfidential(path)) return "what is not shown here";
  return withoutCredentials(quoted(masked(value), limit));
}

/** A text in which no address has a user or a password; `instead`: what stands in their place. */
export function withoutCredentials(text: string, instead = "…@"): string {
  return text.replaceAll(/(:\/\/)[^/\s"?#]*@/g, `$1${instead}`);
}

function masked(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  try {
    return JSON.parse(JSON.stringify(value, (name, one: unknown) => (WORDS.test(name) ? "…" : one))) as unknown;
  } catch {
    return value;
  }
}
