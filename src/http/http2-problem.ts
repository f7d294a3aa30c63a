/** An end that HTTP/2 has a name for. */
export class Http2Problem extends Error {
  readonly code = "HTTP/2";
}

/** The connection is over, as any other that breaks. */
export const CLOSED = Object.assign(new Error("the server closed the connection"), { code: "ConnectionClosed" });
