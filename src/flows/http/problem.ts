import { printable } from "../../kernel/text.ts";

/** An error response as problem+json (RFC 9457). */
export class HttpProblem extends Error {
  override readonly name = "HttpProblem";

  constructor(
    readonly status: number,
    readonly detail: string,
    readonly headers: Readonly<Record<string, string>> = {},
    /** Faults of the body, one sentence each. */
    readonly errors: readonly string[] = [],
  ) {
    super(detail);
  }
}

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  426: "Upgrade Required",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

export function problemResponse(error: unknown): Response {
  const problem = error instanceof HttpProblem ? error : new HttpProblem(500, "something went wrong here; it was reported");
  const { status, detail, errors, headers } = problem;
  const title = TITLES[status] ?? "Error";
  const body = { type: "about:blank", title, status, detail: printable(detail, 500), ...(errors.length > 0 ? { errors } : {}) };
  return new Response(JSON.stringify(body), { status, headers: { ...HEADERS, ...headers, "content-type": "application/problem+json" } });
}

export function jsonResponse(value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(value), { status, headers: { ...HEADERS, ...headers, "content-type": "application/json" } });
}

/** Responses are not to be cached, framed or sniffed by a browser. */
export const HEADERS = { "cache-control": "no-store", "x-content-type-options": "nosniff" } as const;
