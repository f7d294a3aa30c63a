import type { Nanoseconds } from "../../kernel/clock.ts";
import { PHASES, type Phase } from "../../telemetry/request-phases.ts";
import type { LiveFigures } from "./live-figures.ts";
import { type LoggedAttempts, shownAddress } from "./records.ts";
import { CAUSES, COUNT, type RequestCause } from "./report.ts";
import { type ItemOutcome, RequestFigures } from "./request-figures.ts";
import type { Answer } from "./request-slot.ts";
import type { RequestState } from "./request-state.ts";

/** What a worker has at the moment, all its threads together, and the most requests that it ever had in flight. */
export interface WorkerLevels {
  readonly inFlight: number;
  readonly waiting: number;
  readonly limit: number;
  readonly peak: number;
  /** The state of its circuits that is furthest from closed, and the rate that it keeps to; null: it has no limit. */
  readonly breaker: number;
  readonly rate: number | null;
}

/** Figures of one item as plain data, which are committed with it. */
export interface ItemRecord {
  readonly outcome: ItemOutcome;
  readonly error: string | null;
  /** Status of its last attempt. */
  readonly status: number;
  readonly attempts: number;
  readonly counts: readonly (readonly [what: number, by: number])[];
  /** Its attempts: host, status, error, and number of the cause. */
  readonly by: readonly (readonly [host: string, status: number, error: string | null, cause: number])[];
  /** Numbers of phases, and nanoseconds. */
  readonly phases: readonly (readonly [phase: number, took: number])[];
  /** Its requests on connections that were there. */
  readonly reused: number;
  readonly levels: WorkerLevels;
  /** What a log tells of its attempts, in the order of `by`; absent: there is none, of the last ones: there was no room. */
  readonly log?: readonly AttemptTold[];
}

/** An attempt's number among those of its item, its address as it may be shown, and nanoseconds from the item's beginning to its end. */
export type AttemptTold = readonly [number: number, address: string, bytes: number, took: number, endedAfter: number];

/** Characters of the attempts that an item tells for a log, and those of one beside its address. */
const LOG_ROOM = 1_000_000;
const ATTEMPT_ROOM = 60;

/** Levels, and what a thread counts whatever the item: they do not wait for a commit. */
const OF_THREAD: readonly number[] = [COUNT.inFlight, COUNT.waiting];

/** Figures of one item, kept apart from those of its thread until they are committed: nothing counts that is not. */
export class ItemFigures extends RequestFigures {
  private readonly counts = new Map<number, number>();
  private readonly by: ItemRecord["by"][number][] = [];
  private readonly phases: ItemRecord["phases"][number][] = [];
  private reused = 0;
  private readonly log: AttemptTold[] = [];
  private logRoom = LOG_ROOM;
  private end: Pick<ItemRecord, "outcome" | "error" | "status" | "attempts"> | null = null;

  constructor(
    private readonly live: LiveFigures,
    private readonly logs: LoggedAttempts,
  ) {
    super();
  }

  add(what: number, by = 1): void {
    if (OF_THREAD.includes(what)) this.live.add(what, by);
    else this.counts.set(what, (this.counts.get(what) ?? 0) + by);
  }

  protected fly(change: 1 | -1): void {
    this.live.fly(change);
  }

  protected noteAttempt(host: string, status: number, error: string | null, cause: RequestCause): void {
    this.by.push([host, status, error, CAUSES.indexOf(cause)]);
  }

  protected notePhase(phase: Phase, from: Nanoseconds, to: Nanoseconds): void {
    if (!Number.isNaN(to - from)) this.phases.push([PHASES.indexOf(phase), Math.round(to - from)]);
  }

  protected noteReused(): void {
    this.reused++;
  }

  override logged({ at, attempts, began }: RequestState, { bytes }: Answer, took: Nanoseconds, ended: Nanoseconds): void {
    if (this.logs === "none" || this.logRoom <= 0) return;
    const address = shownAddress(at, this.logs === "addresses");
    this.logRoom -= address.length + ATTEMPT_ROOM;
    if (this.logRoom > 0) this.log.push([attempts, address, bytes, Math.round(took), Math.round(ended - began)]);
  }

  override ended({ status, attempts }: RequestState, outcome: ItemOutcome, error: string | null): void {
    this.end = { outcome, error, status, attempts };
  }

  /** Its record; null while it has not ended. */
  record(levels: WorkerLevels): ItemRecord | null {
    if (this.end === null) return null;
    const { by, phases, reused, log } = this;
    const record = { ...this.end, counts: [...this.counts], by, phases, reused, levels };
    return this.logs === "none" ? record : { ...record, log };
  }
}

/** Longest texts that are read, and most attempts of an item: a hundred retries, each with its redirects. */
const LONGEST = 500;
const MOST = 10_000;
const LONGEST_ADDRESS = 100_000;

/** Reads what a worker said of an item; null when it is none. Never throws. */
export function readItemRecord(value: unknown): ItemRecord | null {
  if (typeof value !== "object" || value === null) return null;
  const { outcome, error, status, attempts, counts, by, phases, reused, levels, log = [] } = value as Partial<ItemRecord>;
  if (outcome !== "ok" && outcome !== "degraded" && outcome !== "failed") return null;
  if (!isText(error) || ![status, attempts, reused].every(isNumber) || !isLevels(levels)) return null;
  if (!isList(counts, (one) => isWithin(one[0], COUNT.size) && isNumber(one[1]))) return null;
  if (!isList(phases, (one) => isWithin(one[0], PHASES.length) && isNumber(one[1]))) return null;
  if (
    !isList(
      by,
      (one) =>
        typeof one[0] === "string" && one[0].length <= LONGEST && isNumber(one[1]) && isText(one[2]) && isWithin(one[3], CAUSES.length),
    )
  )
    return null;
  return isList(log, isAttempt) && log.length <= (by?.length ?? 0) ? (value as ItemRecord) : null;
}

function isLevels(levels: unknown): boolean {
  if (typeof levels !== "object" || levels === null) return false;
  const { inFlight, waiting, limit, peak, breaker, rate } = levels as WorkerLevels;
  return [inFlight, waiting, limit, peak].every(isNumber) && isWithin(breaker, 3) && (rate === null || isNumber(rate));
}

function isAttempt([number, address, ...spans]: readonly unknown[]): boolean {
  const isAddress = typeof address === "string" && address.length <= LONGEST_ADDRESS && URL.canParse(address);
  return isAddress && [number, ...spans].every(isNumber) && spans.length === 3;
}

function isList(value: unknown, each: (one: readonly unknown[]) => boolean): boolean {
  return Array.isArray(value) && value.length <= MOST && value.every((one: unknown) => Array.isArray(one) && each(one));
}

function isNumber(value: unknown): boolean {
  return typeof value === "number" && Number.isFinite(value);
}

function isWithin(value: unknown, size: number): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value < size;
}

function isText(value: unknown): boolean {
  return value === null || (typeof value === "string" && value.length <= LONGEST);
}
