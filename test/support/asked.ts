import type { HttpRequest } from "../../src/http/transport.ts";

/** A plain GET, but for what is said otherwise. */
export function asking(at: string, otherwise: Partial<HttpRequest> = {}): HttpRequest {
  return { method: "GET", at, content: null, fields: [], conditional: false, foreign: false, ...otherwise };
}
