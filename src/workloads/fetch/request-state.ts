import type { HttpRequest } from "../../http/transport.ts";
import type { Nanoseconds } from "../../kernel/clock.ts";
import type { RequestCause } from "./report.ts";
import type { RequestFigures } from "./request-figures.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** State of one item, from its first request to its end. */
export interface RequestState extends Writable<HttpRequest> {
  /** The item's own address. */
  readonly url: string;
  readonly index: number;
  /** Where it is counted. */
  readonly figures: RequestFigures;
  /** It fell due during warm-up. */
  readonly early: boolean;
  readonly began: Nanoseconds;
  readonly deadline: Nanoseconds;
  /** Header lines of all its requests. */
  readonly own: readonly string[];
  /** Host of the next request, and its cause. */
  host: string;
  cause: RequestCause;
  /** All addresses of the current resource, and the index of the present one; null: there is one address. */
  replicas: readonly string[] | null;
  replica: number;
  /** Its result is a substitute. */
  standIn: boolean;
  /** Redirects followed, and time left on the wire, in the present try. */
  hops: number;
  left: Nanoseconds;
  /** Retries by the rule. */
  retries: number;
  /** It was not retried because of its method. */
  refrained: boolean;
  /** Requests sent for it, and the status of the last. */
  attempts: number;
  status: number;
}
