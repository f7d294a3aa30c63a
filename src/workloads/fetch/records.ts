import type { Nanoseconds } from "../../kernel/clock.ts";
import { LineFile } from "../../kernel/line-file.ts";
import { withoutCredentials } from "../../scenario/confidential.ts";
import type { Answer } from "./request-slot.ts";
import type { RequestState } from "./request-state.ts";
import { tileOf } from "./tiles.ts";

/** Files that all threads append to; null: none. */
export interface FetchFiles {
  readonly deadLetter: string | null;
  readonly log: string | null;
  /** Whether full addresses are written to the log and to stored requests. */
  readonly logUrls: boolean;
  /** One line per item. */
  readonly requests: string | null;
}

/** How much of attempts is logged: nothing, their outcomes with the addresses' origins, or with full addresses. */
export type LoggedAttempts = "none" | "origins" | "addresses";

export function loggedInto({ log, logUrls }: FetchFiles): LoggedAttempts {
  return log === null ? "none" : logUrls ? "addresses" : "origins";
}

/** An address as it is shown: without credentials, and without anything but scheme and host unless all of it may be. */
export function shownAddress(url: string, whole: boolean): string {
  return whole ? withoutCredentials(url, "") : new URL(url).origin;
}

/** What is told of an attempt. */
type AttemptMade = Pick<RequestState, "index" | "attempts" | "cause" | "at">;
type AttemptAnswered = Pick<Answer, "status" | "unmet" | "bytes"> & { readonly error: string | null };

/** What is told of an item that has ended. */
type RequestEnd = Pick<RequestState, "url" | "index" | "attempts" | "status">;

/** Writes one thread's records, one line each: attempts, ends, and dead letters. */
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

  /** `at`: when it ended. */
  attempted(request: AttemptMade, answer: AttemptAnswered, took: Nanoseconds, at = new Date()): void {
    const { status, error: problem, unmet, bytes } = answer;
    const error = problem ?? unmet;
    this.log?.add({
      time: at.toISOString(),
      level: error === null && status < 400 ? "info" : "warn",
      correlationId: this.idOf(request),
      attempt: request.attempts,
      cause: request.cause,
      url: this.shown(request.at),
      status,
      error,
      bytes,
      ms: took / 1e6,
    });
  }

  /** `took`: including all attempts and waits. */
  ended({ url, status, attempts, index }: RequestEnd, outcome: string, error: string | null, took: Nanoseconds): void {
    this.requests?.add({ index, url: this.shown(url), outcome, status, ms: took / 1e6, attempts, error });
  }

  /** Writes a dead letter; true when it was written. */
  gaveUp(request: RequestEnd, reason: string): boolean {
    if (this.deadLetters === null) return false;
    const { url, attempts, status } = request;
    const at = new Date().toISOString();
    this.deadLetters.add({ url, ...this.tileIn(url), reason, attempts, status, correlationId: this.idOf(request), at });
    return true;
  }

  /** Attempts are logged. */
  get logs(): boolean {
    return this.log !== null;
  }

  flush(): void {
    this.deadLetters?.flush();
    this.log?.flush();
    this.requests?.flush();
  }

  get problems(): string[] {
    return [this.deadLetters, this.log, this.requests].flatMap((file) => file?.problem ?? []);
  }

  /** The tile of an address, which may be requested from another base the next time. */
  private tileIn(url: string): { readonly tile?: string } {
    const { base } = this.spec;
    const tile = base === null ? null : tileOf(base, url);
    return tile === null ? {} : { tile: `${tile.z}/${tile.x}/${tile.y}` };
  }

  private shown(url: string): string {
    return shownAddress(url, this.spec.files.logUrls);
  }

  private idOf({ index }: Pick<RequestState, "index">): string {
    return `${this.spec.runId}-${index}`;
  }
}
