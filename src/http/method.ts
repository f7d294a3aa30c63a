/** Request methods (RFC 9110, 9.3; RFC 5789). */
export const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
export type Method = (typeof METHODS)[number];

/** Idempotent methods (RFC 9110, 9.2.2). */
const IDEMPOTENT: readonly Method[] = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"];

export function isIdempotent(method: Method): boolean {
  return IDEMPOTENT.includes(method);
}

/** Method of the request that follows a redirect (RFC 9110, 15.4, and the Fetch standard, 4.4): only 307 and 308 keep every method. */
export function methodAfterRedirect(method: Method, status: number): Method {
  if ((status === 301 || status === 302) && method === "POST") return "GET";
  return status === 303 && method !== "HEAD" ? "GET" : method;
}

/**
 * Whether requests of the method have content: GET and HEAD send none, nor its length; the others send its length even if 0 (RFC 9110, 8.6
 * and 9.3).
 */
export function hasContent(method: Method): boolean {
  return method !== "GET" && method !== "HEAD";
}
