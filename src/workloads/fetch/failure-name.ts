import { Http2Problem } from "../../http/http2-problem.ts";
import { StaleConnection } from "../../http/transport.ts";
import { printable } from "../../kernel/text.ts";
import { isTransientStatus } from "../../resilience/backoff.ts";
import { tlsReason } from "./tls-reasons.ts";

/** A limit of this process, not a fault of the server; may pass soon. */
export const OUT_OF_FILES = "too many open files";
/** A lasting property of the resource. */
const UNKNOWN_ENCODING = "unknown encoding";
export const NOT_SAVED = "could not be saved";

/** Names by pattern; the first that matches the error's text. */
const NAMES: readonly (readonly [RegExp, string])[] = [
  [/EMFILE|ENFILE/, OUT_OF_FILES],
  // For a Unix socket that no longer exists, or whose backlog is full.
  [/(ENOENT|EACCES|EAGAIN)\b.*(Failed to connect|typo in the url)/, "connection refused"],
  [/UnknownEncoding/, UNKNOWN_ENCODING],
  [/ENOSPC|EACCES|EROFS|EDQUOT|ENAMETOOLONG|ENOENT|ENOTDIR|EISDIR|EEXIST|ELOOP/, NOT_SAVED],
  [/ConnectionRefused|ECONNREFUSED|Unable to connect/, "connection refused"],
  [/ENOTFOUND|EAI_AGAIN|DNS/i, "host not found"],
  [/HeadersOversized|HEADER_OVERFLOW|header.*(too|overs)|ResponseHeader/i, "headers too large"],
  [/ECONNRESET|ConnectionClosed|closed unexpectedly|EPIPE/, "connection closed"],
  [/InvalidHTTPResponse|HPE_|UnrequestedUpgrade|InvalidChunk|Malformed|invalid.*(http|chunk|content.length|header)/i, "invalid response"],
  [/CERT|TLS|SSL|SELF_SIGNED|handshake/i, "TLS"],
  [/Decompress|Z_[A-Z]+_ERROR|inflate|unexpected end of file|Zlib|Brotli|zstd|gzip|ShortRead/i, "invalid encoding"],
  [/TimeoutError|timed out/i, "timeout"],
];

/** A short name for any error of `fetch`, a body or a disk. */
export function nameOf(error: unknown): string {
  if (error instanceof Http2Problem || (error instanceof StaleConnection && error.staleness === "refused"))
    return `HTTP/2: ${error.message}`;
  const { name = "", code = "", message = "" } = (error ?? {}) as { name?: string; code?: unknown; message?: string };
  const said = `${name} ${String(code)} ${message}`;
  return tlsReason(said) ?? NAMES.find(([pattern]) => pattern.test(said))?.[1] ?? printable(String(code || name || "error"), 40);
}

/** True for 5xx, 408 and any error: another attempt may succeed. */
export function isTransient(status: number, error: string | null): boolean {
  if (error !== null) return !error.startsWith("redirect") && error !== NOT_SAVED && error !== OUT_OF_FILES && error !== UNKNOWN_ENCODING;
  return isTransientStatus(status);
}
