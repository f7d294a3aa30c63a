import type { ResponseListener } from "./connection.ts";
import type { Origin } from "./origin.ts";

/** What one request goes over: a connection of its own for as long as it lasts (HTTP/1.1), or a stream of one that many share (HTTP/2). */
export interface Carrier {
  /** Asks. `head`: of HTTP/1.1, as text; `bare`: an answer has no body, whatever its head says of one. */
  ask(origin: Origin, head: string, content: Uint8Array | null, bare: boolean, listener: ResponseListener): void;
  /** Whoever asked does not want the answer any more. */
  abort(): void;
  /** Reads no more for now. */
  pause(): void;
  resume(): void;
}

/** Has one for each request. */
export interface Carriers {
  /** `key`: of the place it is to lead to; `fresh`: it is asked once more, since what was there before was over. */
  take(key: string, fresh: boolean): Carrier;
  /** Ends what nobody uses; nothing is kept from now on. */
  close(): void;
}
