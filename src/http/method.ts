/** Request methods (RFC 9110, 9.3; RFC 5789). */
export const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
export type Method = (typeof METHODS)[number];

/** Asked twice they do what they do once (RFC 9110, 9.2.2). */
const IDEMPOTENT: readonly Method[] = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"];

export function isIdempotent(method: Method): boolean {
  return IDEMPOTENT.includes(method);
}

/** What is asked where a redirect leads, by RFC 9110 (15.4) and the Fetch standard (4.4): only 307 and 308 leave every method as it is. */
export function methodAfterRedirect(method: Method, status: number): Method {
  if ((status === 301 || status === 302) && method === "POST") return "GET";
  return status === 303 && method !== "HEAD" ? "GET" : method;
}

/** Whether a body may be sent with it: GET and HEAD say nothing of one, the others how long it is, if it is nothing (RFC 9110, 8.6 and 9.3). */
export function hasContent(method: Method): boolean {
  return method !== "GET" && method !== "HEAD";
}
