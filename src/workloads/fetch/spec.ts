import type { Nanoseconds } from "../../kernel/clock.ts";
import type { FetchSettings } from "../../scenario/schema.ts";
import type { FetchFiles } from "./records.ts";

/** What the threads of one case share; plain data, so that it crosses threads. */
export interface FetchSpec {
  readonly settings: FetchSettings;
  /** Where tiles are asked for; null: the list holds whole addresses. */
  readonly base: string | null;
  /** null: nothing leaves this machine, wherever an address leads. */
  /** All places where the tiles are, that one first; none: it is the only one. */
  readonly bases: readonly string[];
  readonly allowedHosts: readonly string[] | null;
  readonly seed: number;
  /** Requests of items that fall due before are in no latency. */
  readonly warmup: Nanoseconds;
  /** Begins every correlation id of the case. */
  readonly runId: string;
  /** A UUID that the keys of the case's items are made of. */
  readonly keys: string;
  /** What the file holds that bodies come from; null: they come from none. */
  readonly body: Uint8Array | null;
  /** Requests in flight of each thread at most. */
  readonly concurrency: readonly number[];
  readonly shared: FetchMemory;
  readonly files: FetchFiles;
}

export interface FetchMemory {
  readonly breakers: SharedArrayBuffer;
  readonly limiter: SharedArrayBuffer;
  /** Which hosts have figures of their own. */
  readonly hosts: SharedArrayBuffer;
  /** Int32: requests in flight of all threads, and the most there were. */
  readonly flight: SharedArrayBuffer;
  /** One for each thread. */
  readonly counts: readonly SharedArrayBuffer[];
  readonly reports: readonly SharedArrayBuffer[];
  readonly phases: readonly SharedArrayBuffer[];
}
