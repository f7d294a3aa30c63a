import type { ResponseListener } from "./connection.ts";
import type { Origin } from "./origin.ts";

/** Carries one request: a connection of its own while it lasts (HTTP/1.1), or a stream of a shared one (HTTP/2). */
export interface Carrier {
  /** Sends a request. `head`: that of HTTP/1.1, as text; `bare`: the response has no body, whatever its head says. */
  ask(origin: Origin, head: string, content: Uint8Array | null, bare: boolean, listener: ResponseListener): void;
  /** Aborts the request: its response is no longer wanted. */
  abort(): void;
  /** Pauses reading. */
  pause(): void;
  resume(): void;
}

/** Provides a carrier for each request. */
export interface Carriers {
  /** `key`: of the origin; `fresh`: a repeat, since a kept connection was over. */
  take(key: string, fresh: boolean): Carrier;
  /** Closes idle connections and keeps none from now on. */
  close(): void;
}
