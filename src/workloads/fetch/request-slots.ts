import type { Fetch } from "../../http/fetch-transport.ts";
import type { FieldLines } from "../../http/field-lines.ts";
import { Transports } from "../../http/transports.ts";
import type { Nanoseconds } from "../../kernel/clock.ts";
import { splitEvenly } from "../../kernel/divide.ts";
import type { Effort } from "../workload.ts";
import type { Cookies } from "./cookies.ts";
import { AnswerExpectation } from "./expected.ts";
import type { LiveFigures } from "./live-figures.ts";
import { COUNT } from "./report.ts";
import { RequestSlot } from "./request-slot.ts";
import type { RequestState } from "./request-state.ts";
import type { Saver } from "./save.ts";
import type { FetchSpec } from "./spec.ts";
import { tlsRuleOf } from "./tls-files.ts";

interface Waiter<T> {
  readonly before: Nanoseconds;
  resolve(slot: RequestSlot<T> | null): void;
}

/** The slots of one thread, which limit its concurrent requests. */
export class RequestSlots<T> {
  private readonly slots: RequestSlot<T>[] = [];
  private readonly free: RequestSlot<T>[] = [];
  private waiting: Waiter<T>[] = [];

  constructor(
    private readonly most: number,
    private readonly make: () => RequestSlot<T>,
  ) {}

  /** A free slot; null when all are taken. */
  take(): RequestSlot<T> | null {
    const free = this.free.pop();
    if (free !== undefined) return free;
    if (this.slots.length >= this.most) return null;
    const slot = this.make();
    this.slots.push(slot);
    return slot;
  }

  /** The next slot that becomes free; null when the instant or the end of the run comes first. */
  next(before: Nanoseconds): Promise<RequestSlot<T> | null> {
    return new Promise((resolve) => this.waiting.push({ before, resolve }));
  }

  release(slot: RequestSlot<T>): void {
    const next = this.waiting.shift();
    if (next === undefined) this.free.push(slot);
    else next.resolve(slot);
  }

  /** Aborts every request that has timed out, and every wait for a slot. */
  abortLate(now: Nanoseconds): void {
    if (this.waiting.some(({ before }) => now >= before)) {
      const late = this.waiting.filter(({ before }) => now >= before);
      this.waiting = this.waiting.filter(({ before }) => now < before);
      for (const { resolve } of late) resolve(null);
    }
    for (const slot of this.slots) if (slot.owner !== null && now >= slot.endsAt) slot.abort(slot.reason);
  }

  /** Aborts every request at the end of the run; `each` is called with every slot that had one. */
  abortAll(each: (slot: RequestSlot<T>) => void): void {
    for (const { resolve } of this.waiting.splice(0)) resolve(null);
    for (const slot of this.slots) {
      if (slot.owner === null) continue;
      slot.abort("stopped");
      each(slot);
    }
  }
}

/** Inputs of a thread's transports beside its scenario. */
interface TransportParts {
  readonly effort: Pick<Effort, "now">;
  readonly figures: LiveFigures;
  /** Header fields of every request. */
  readonly lines: FieldLines;
  /** Carries every request; null: the usual transports. */
  readonly ask: Fetch | null;
}

/** Creates the transports of one thread. Reads the files that the scenario's TLS settings name. */
export function transportsOf({ settings, concurrency }: FetchSpec, thread: number, parts: TransportParts): Transports {
  const { effort, figures, lines, ask } = parts;
  return new Transports(
    {
      keepAlive: settings.connections.keepAlive,
      most: connectionsOf(settings.connections.max, concurrency.length, thread),
      looks: settings.saveTo !== undefined || settings.expect !== undefined,
      longest: settings.expect?.maxBytes,
      tls: tlsRuleOf(settings.tls, process.env),
      unix: settings.unix,
      http: settings.http,
      lines,
    },
    () => figures.add(COUNT.connections),
    () => figures.add(COUNT.fetched),
    ask,
    () => effort.now(),
  );
}

/** The slots of one thread: one for each connection or, by HTTP/2, where requests share connections, one for each request in flight. */
export function requestSlots(
  { settings, concurrency }: FetchSpec,
  thread: number,
  transports: Transports,
  saver: Saver | null,
  cookies: Cookies | null,
): RequestSlots<RequestState> {
  const expected = settings.expect === undefined ? null : new AnswerExpectation(settings.expect);
  const connections = connectionsOf(settings.connections.max, concurrency.length, thread);
  const most = settings.http === 2 ? (concurrency[thread] ?? 1) : connections;
  return new RequestSlots(most, () => new RequestSlot(transports.forSlot(), saver, expected, cookies));
}

function connectionsOf(max: number, threads: number, thread: number): number {
  return Math.max(1, splitEvenly(max, threads)[thread] ?? 0);
}
