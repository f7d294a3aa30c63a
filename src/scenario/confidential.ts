import type { Path } from "../kernel/plain-value.ts";
import { quoted } from "../kernel/text.ts";

/** Names of fields whose values may be secret. */
const WORDS =
  /^(headers|auth|authorization|proxy-authorization|bearer|basic|password|passphrase|passwd|token|secret|cookie|x?-?api[-_]?key)$/i;

/** True if the value at a path, or at a dotted path, must not be shown. */
export function isConfidential(path: Path): boolean {
  return path.some((part) =>
    String(part)
      .split(".")
      .some((word) => WORDS.test(word)),
  );
}

/** The value at a path, shortened for a message, without secrets such as user and password of an address. */
export function shown(path: Path, value: unknown, limit = 60): string {
  if (value === undefined) return quoted(value);
  if (isConfidential(path)) return "what is not shown here";
  return withoutCredentials(quoted(masked(value), limit));
}

/** The text with user and password of each address replaced by `instead`. */
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
