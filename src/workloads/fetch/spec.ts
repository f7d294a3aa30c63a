import type { Nanoseconds } from "../../kernel/clock.ts";
import type { FetchSettings } from "../../scenario/schema.ts";
import type { FetchFiles, LoggedAttempts } from "./records.ts";

/** Data shared by the threads of a case, or of a worker; plain, so that it crosses threads. */
export interface FetchSpec {
  readonly settings: FetchSettings;
  /** Base of the tiles; null: the list holds full addresses. */
  readonly base: string | null;
  /** All bases of the tiles, that one first; empty: it is the only one. */
  readonly bases: readonly string[];
  /** Public hosts that may receive requests; null: nothing leaves this machine, so any host. */
  readonly allowedHosts: readonly string[] | null;
  readonly seed: number;
  /** Requests of items due before this are in no latency. */
  readonly warmup: Nanoseconds;
  /** Prefix of the case's correlation ids. */
  readonly runId: string;
  /** A UUID from which the keys of the case's items are made. */
  readonly keys: string;
  /** Content of the body file; null: there is none. */
  readonly body: Uint8Array | null;
  /** Most requests in flight of each thread. */
  readonly concurrency: readonly number[];
  readonly shared: FetchMemory;
  /** Figures of an item are kept apart, to be committed with it; else they are in `shared` as they grow. */
  readonly apart: boolean;
  /** What an item that is kept apart tells of its attempts, for the log of whoever records it. */
  readonly logged: LoggedAttempts;
  readonly files: FetchFiles;
}

export interface FetchMemory {
  readonly breakers: SharedArrayBuffer;
  readonly limiter: SharedArrayBuffer;
  /** The hosts with figures of their own. */
  readonly hosts: SharedArrayBuffer;
  /** Int32: requests in flight over all threads, and their maximum. */
  readonly flight: SharedArrayBuffer;
  /** One for each thread. */
  readonly counts: readonly SharedArrayBuffer[];
  readonly reports: readonly SharedArrayBuffer[];
  readonly phases: readonly SharedArrayBuffer[];
}
