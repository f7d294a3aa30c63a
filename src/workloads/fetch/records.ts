import type { HttpRequest } from "../../http/transport.ts";
import type { Nanoseconds } from "../../kernel/clock.ts";
import { LineFile } from "../../kernel/line-file.ts";
import { withoutCredentials } from "../../scenario/confidential.ts";
import type { Cause } from "./report.ts";
import type { Answer } from "./request-slot.ts";
import { tileOf } from "./tiles.ts";

/** Files that every thread appends to; null: none. */
export interface FetchFiles {
  readonly deadLetter: string | null;
  readonly log: string | null;
  /** Addresses in full in the log and in kept requests. */
  readonly logUrls: boolean;
  /** One line per item. */
  readonly requests: string | null;
}

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

/** What one thread writes down of its requests, one line each: attempts, ends, and what was given up. */
export class Records {
  private readonly deadLetters: LineFile | null;
  private readonly log: LineFile | null;
  private readonly requests: LineFile | null;

  constructor(private readonly spec: { readonly files: FetchFiles; readonly base: string | null; readonly runId: string }) {
    const open = (file: string | null) => (file === null ? null : new LineFile(file));
    this.deadLetters = open(spec.files.deadLetter);
    this.log = open(spec.files.log);
    this.requests = open(spec.files.requests);
  }

  attempted(pursuit: RequestState, { status, error: problem, unmet, bytes }: Answer, took: Nanoseconds): void {
    const error = problem ?? unmet;
    this.log?.add({
      time: new Date().toISOString(),
      level: error === null && status < 400 ? "info" : "warn",
      correlationId: this.idOf(pursuit),
      attempt: pursuit.attempts,
      cause: pursuit.cause,
      url: this.shown(pursuit.at),
      status,
      error,
      bytes,
      ms: took / 1e6,
    });
  }

  /** `took`: with all attempts and waits. */
  ended({ url, status, attempts, index }: RequestState, outcome: string, error: string | null, took: Nanoseconds): void {
    this.requests?.add({ index, url: this.shown(url), outcome, status, ms: took / 1e6, attempts, error });
  }

  /** True when it was written down. */
  gaveUp(pursuit: RequestState, reason: string): boolean {
    if (this.deadLetters === null) return false;
    const { url, attempts, status } = pursuit;
    const at = new Date().toISOString();
    this.deadLetters.add({ url, ...this.tileIn(url), reason, attempts, status, correlationId: this.idOf(pursuit), at });
    return true;
  }

  flush(): void {
    this.deadLetters?.flush();
    this.log?.flush();
    this.requests?.flush();
  }

  get problems(): string[] {
    return [this.deadLetters, this.log, this.requests].flatMap((file) => file?.problem ?? []);
  }

  /** The tile an address stands for: where it is asked for may be another place the next time. */
  private tileIn(url: string): { readonly tile?: string } {
    const { base } = this.spec;
    const tile = base === null ? null : tileOf(base, url);
    return tile === null ? {} : { tile: `${tile.z}/${tile.x}/${tile.y}` };
  }

  private shown(url: string): string {
    return this.spec.files.logUrls ? withoutCredentials(url, "") : originOf(url);
  }

  private idOf({ index }: RequestState): string {
    return `${this.spec.runId}-${index}`;
  }
}

/** Scheme and host: no path, no query, no credentials. */
function originOf(url: string): string {
  return new URL(url).origin;
}
