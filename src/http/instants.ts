import type { Nanoseconds } from "../kernel/clock.ts";

/** It has not come to that. */
const NEVER = Number.NaN;

/** When a request was how far on its way; NaN: it did not come to that. One object for one request after another. */
export class Instants {
  /** It went out over a connection that was there already. */
  reused = false;
  /** A connection was begun for it, was made, and had agreed on TLS. */
  begun: Nanoseconds = NEVER;
  connected: Nanoseconds = NEVER;
  agreed: Nanoseconds = NEVER;
  /** What was left of it was handed to the system: read before, since the answer may be there before that returns. */
  sent: Nanoseconds = NEVER;
  /** The first and the last byte of its answer were there. */
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
