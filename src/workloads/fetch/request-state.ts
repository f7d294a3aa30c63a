import type { HttpRequest } from "../../http/transport.ts";
import type { Nanoseconds } from "../../kernel/clock.ts";
import type { Cause } from "./report.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What becomes of one item, from its first request to its end. */
export interface RequestState extends Writable<HttpRequest> {
  /** The item's own address. */
  readonly url: string;
  readonly index: number;
  /** It fell due while the run was warming up. */
  readonly early: boolean;
  readonly began: Nanoseconds;
  readonly deadline: Nanoseconds;
  /** Header fields of all its requests, as lines. */
  readonly own: readonly string[];
  /** Whom the next request goes to, and why. */
  host: string;
  cause: Cause;
  /** All addresses of what it asks for now, and which of them it asks; null: there is one. */
  replicas: readonly string[] | null;
  replica: number;
  /** What it brings is another's, and stands in. */
  standIn: boolean;
  /** Redirects followed, and time left to be on the wire, of the present try. */
  hops: number;
  left: Nanoseconds;
  /** Times it was tried again as the rule has it. */
  retries: number;
  /** It was not asked for again where another method would have been. */
  refrained: boolean;
  /** Requests that went out for it, and the status of the last. */
  attempts: number;
  status: number;
}
