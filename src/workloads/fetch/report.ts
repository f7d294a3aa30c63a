import { NamedHosts } from "./named-hosts.ts";

/** Counts of one thread, in shared memory: the sampler reads them while they grow. */
export const COUNT = {
  attempts: 0,
  retries: 1,
  ok: 2,
  degraded: 3,
  failed: 4,
  refused: 5,
  limited: 6,
  bytes: 7,
  deadLettered: 8,
  resumed: 9,
  /** Levels. */
  inFlight: 10,
  waiting: 11,
  limit: 12,
  peak: 13,
  /** Attempts by outcome: 1xx and 3xx, 2xx, 4xx, 429, 5xx, none. */
  other: 14,
  success: 15,
  clientError: 16,
  tooMany: 17,
  serverError: 18,
  none: 19,
  /** Total nanoseconds of items. */
  spent: 20,
  /** Items sent at least once; those of them that have ended. */
  sent: 21,
  ended: 22,
  /** Connections opened by our own sockets, and requests carried by `fetch`. */
  connections: 23,
  fetched: 24,
  /** Requests on kept connections that were closed before they were read: no server received them, so they are no attempts. */
  unread: 25,
  /** Items not retried because their method forbids it. */
  notRepeated: 26,
  /** Total nanoseconds that items waited within the client, for the rate limiter and for a connection. */
  paced: 27,
  lined: 28,
  /** Refused by the breaker before any attempt. */
  refusedUnsent: 29,
  /** Items answered 304: unchanged since they were saved. */
  notModified: 30,
  size: 31,
} as const;

/** Why a request is sent: an item's first, a retry, after a redirect, resent over another connection, for the parent tile. */
export const CAUSES = ["first", "retries", "redirects", "resent", "parents"] as const;
export type RequestCause = (typeof CAUSES)[number];

export function fetchCounts(): SharedArrayBuffer {
  return new SharedArrayBuffer(COUNT.size * 8);
}

/** Results of one thread other than counts. */
export interface FetchReport {
  readonly byStatus: Readonly<Record<string, number>>;
  readonly byError: Readonly<Record<string, number>>;
  readonly byHost: Readonly<Record<string, HostAttempts>>;
  readonly byCause: Readonly<Record<RequestCause, number>>;
  /** Files that could not be written completely, as sentences. */
  readonly problems?: readonly string[];
  /** Rates at which the limiter of a worker was refused, which its threads share; absent or empty: none, or told by the case's own. */
  readonly rateTurns?: readonly number[];
}

export interface HostAttempts {
  readonly attempts: number;
  readonly errors: number;
}

const OTHERS = "(others)";

/** Attempts by status or by error, each in one of the two; by host, and by cause. */
export class AttemptCounts {
  private readonly byStatus = new Map<number, number>();
  private readonly byError = new Map<string, number>();
  private readonly byHost = new Map<string, { attempts: number; errors: number }>();
  private readonly byCause: Record<RequestCause, number> = noCauses();
  private lastHost = "";
  private last: { attempts: number; errors: number } | null = null;

  constructor(private readonly hosts: NamedHosts = new NamedHosts()) {}

  /** `error`: null when there was a response, of this status. */
  note(host: string, status: number, error: string | null, cause: RequestCause): void {
    const figures = this.figuresOf(host);
    figures.attempts++;
    this.byCause[cause]++;
    if (error !== null) this.byError.set(error, (this.byError.get(error) ?? 0) + 1);
    else this.byStatus.set(status, (this.byStatus.get(status) ?? 0) + 1);
    if (error !== null || status >= 400) figures.errors++;
  }

  get report(): FetchReport {
    return {
      byStatus: Object.fromEntries(this.byStatus),
      byError: Object.fromEntries([...this.byError].sort()),
      byHost: Object.fromEntries(this.byHost),
      byCause: { ...this.byCause },
    };
  }

  private figuresOf(host: string): { attempts: number; errors: number } {
    if (host === this.lastHost && this.last !== null) return this.last;
    const name = this.hosts.has(host) ? host : OTHERS;
    const figures = this.byHost.get(name) ?? { attempts: 0, errors: 0 };
    this.byHost.set(name, figures);
    this.lastHost = host;
    this.last = figures;
    return figures;
  }
}

export function noCauses(): Record<RequestCause, number> {
  return { first: 0, retries: 0, redirects: 0, resent: 0, parents: 0 };
}

/** Bytes of shared memory for one thread's report. */
const PUBLISHED_BYTES = 128 * 1024;
const VERSION = 0;
const LENGTH = 1;
const HEAD = 8;

/** A thread's report so far, in shared memory, for readers during the run. One thread writes. */
export class PublishedReport {
  private readonly head: Int32Array;
  private readonly bytes: Uint8Array;

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(PUBLISHED_BYTES);
  }

  constructor(memory: SharedArrayBuffer) {
    this.head = new Int32Array(memory, 0, 2);
    this.bytes = new Uint8Array(memory, HEAD);
  }

  /** Keeps the previous report when this one does not fit. */
  write(report: FetchReport): void {
    const text = new TextEncoder().encode(JSON.stringify(report));
    if (text.length > this.bytes.length) return;
    // Odd while writing: readers then try again later.
    Atomics.add(this.head, VERSION, 1);
    this.bytes.set(text);
    Atomics.store(this.head, LENGTH, text.length);
    Atomics.add(this.head, VERSION, 1);
  }

  /** null: nothing yet, or being written. */
  read(): FetchReport | null {
    const version = Atomics.load(this.head, VERSION);
    const text = this.bytes.slice(0, Atomics.load(this.head, LENGTH));
    if (version === 0 || version % 2 === 1 || Atomics.load(this.head, VERSION) !== version) return null;
    return JSON.parse(new TextDecoder().decode(text)) as FetchReport;
  }
}

/** Sums the reports of threads. */
export function mergeReports(reports: readonly FetchReport[]): FetchReport {
  const byStatus: Record<string, number> = {};
  const byError: Record<string, number> = {};
  const byHost: Record<string, HostAttempts> = {};
  const byCause = noCauses();
  for (const report of reports) {
    for (const [status, count] of Object.entries(report.byStatus)) byStatus[status] = (byStatus[status] ?? 0) + count;
    for (const [error, count] of Object.entries(report.byError)) byError[error] = (byError[error] ?? 0) + count;
    for (const cause of CAUSES) byCause[cause] += report.byCause[cause];
    for (const [host, { attempts, errors }] of Object.entries(report.byHost)) {
      const before = byHost[host] ?? { attempts: 0, errors: 0 };
      byHost[host] = { attempts: before.attempts + attempts, errors: before.errors + errors };
    }
  }
  return { byStatus, byError, byHost, byCause };
}
