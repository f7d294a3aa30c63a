/** A failure with an HTTP/2 error code. */
export class Http2Problem extends Error {
  readonly code = "HTTP/2";
}

/** A connection that was closed, reported like any other broken one. */
export const CONNECTION_CLOSED = Object.assign(new Error("the server closed the connection"), { code: "ConnectionClosed" });
