import type { Nanoseconds } from "../kernel/clock.ts";

/** Not reached. */
const NEVER = Number.NaN;

/** Instants of one request's progress; NaN: not reached. The object is reused for the next request. */
export class RequestInstants {
  /** It used an existing connection. */
  reused = false;
  /** Its connection was begun, was open, and TLS was agreed. */
  begun: Nanoseconds = NEVER;
  connected: Nanoseconds = NEVER;
  agreed: Nanoseconds = NEVER;
  /** Just before its last bytes were passed to the system, since the response may arrive before that call returns. */
  sent: Nanoseconds = NEVER;
  /** The first and the last byte of the response arrived. */
  first: Nanoseconds = NEVER;
  whole: Nanoseconds = NEVER;

  clear(): void {
    this.reused = false;
    this.begun = NEVER;
    this.connected = NEVER;
    this.agreed = NEVER;
    this.sent = NEVER;
    this.first = NEVER;
    this.whole = NEVER;
  }
}
