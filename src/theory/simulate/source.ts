import type { Nanoseconds } from "../../kernel/clock.ts";
import { Deque } from "../../kernel/deque.ts";
import { Heap } from "../../kernel/heap.ts";
import { type KeySource, keySource } from "../../load/keys.ts";
import { openDueTimes, openTape } from "../../load/open.ts";
import { ReadLatency } from "../../load/read-latency.ts";
import { ServiceTimes } from "../../load/service-times.ts";
import { Arrival, type DueTimes, type Tape } from "../../load/tape.ts";
import type { Scenario } from "../../scenario/schema.ts";
import type { Messages } from "./messages.ts";

const NEVER = Number.POSITIVE_INFINITY;

/** Clients of a closed loop: each sends again when it is answered. */
class Clients {
  readonly tape = new Deque<Nanoseconds>();
  readonly reads = new Deque<Nanoseconds>();
  sent = 0;
  last: Nanoseconds = 0;

  constructor(
    vus: number,
    private readonly limit: number,
    private readonly until: Nanoseconds,
  ) {
    for (let i = Math.min(vus, limit); i > 0; i--) this.send(0);
  }

  ended(now: Nanoseconds): boolean {
    return this.sent >= this.limit || now >= this.until;
  }

  send(now: Nanoseconds): void {
    if (this.ended(now)) return;
    this.sent++;
    this.last = Math.floor(now / 1000) * 1000;
    this.tape.push(this.last);
    this.reads.push(this.last);
  }
}

/** Overlapping reads: each begins when its arrival is due, a connection is free and the source looks; they are delivered in order. */
class Reads {
  private readonly ends = new Deque<Nanoseconds>();
  private readonly reading = new Heap<null>();
  private due: Nanoseconds = Number.NaN;
  private together = 0;

  constructor(
    private readonly times: DueTimes,
    private readonly latency: ReadLatency,
    private readonly connections: number,
  ) {}

  /** Begins reads that can begin by now; returns when the next arrival in order has been read. */
  advance(now: Nanoseconds): Nanoseconds {
    if (Number.isNaN(this.due)) this.readDue(now);
    while (this.reading.next <= now) this.reading.pop();
    while (this.due <= now && this.reading.size < this.connections) {
      const end = now + this.latency.next();
      this.ends.push(end);
      this.reading.push(end, null);
      if (--this.together === 0) this.readDue(now);
    }
    return this.nextRead;
  }

  get nextRead(): Nanoseconds {
    return this.ends.peek() ?? NEVER;
  }

  get nextChange(): Nanoseconds {
    const begins = this.reading.size < this.connections ? this.due : this.reading.next;
    return Math.min(this.nextRead, Number.isNaN(begins) ? NEVER : begins);
  }

  delivered(): void {
    this.ends.shift();
  }

  private readDue(now: Nanoseconds): void {
    this.together = this.times.together;
    this.due = this.times.next(now) * 1000;
  }
}

/** Due times, keys and work of messages, and when they have been read. */
export class SimulatedSource {
  /** When the next message falls due; Infinity: there is none, or none yet. */
  pending: Nanoseconds = NEVER;
  /** Messages taken so far. */
  taken = 0;
  /** Due time of the first message that is measured. */
  firstDue: Nanoseconds = NEVER;
  private readonly arrival = new Arrival();
  private readonly tape: Tape | null;
  private readonly clients: Clients | null;
  private readonly keys: KeySource | null;
  private readonly service: ServiceTimes | null;
  private readonly latency: ReadLatency | null;
  private readonly reads: Reads | null;
  private readonly demand: Nanoseconds;
  private answeredTotal = 0;
  private lastDue: Nanoseconds = 0;
  private lastOfAll: Nanoseconds | null = null;

  constructor(
    private readonly scenario: Scenario,
    private readonly messages: Messages,
    private readonly limit: number,
    overlapping: boolean,
  ) {
    const { load, work, seed, source, keys } = scenario;
    this.demand = work.kind === "none" ? 0 : work.time * 1000;
    this.service = work.distribution === "constant" || work.kind === "none" ? null : new ServiceTimes(work, seed);
    this.clients = "vus" in load ? clientsOf(load, limit) : null;
    this.keys = this.clients === null ? null : keySource(keys, seed);
    this.tape = this.clients === null ? openTape(scenario, () => null) : null;
    this.latency = source.latency.max > 0 ? new ReadLatency(source.latency, seed) : null;
    this.reads = this.latency === null || !overlapping ? null : new Reads(this.dueTimes(), this.latency, source.connections);
    this.readTape();
  }

  get closedLoop(): boolean {
    return this.clients !== null;
  }

  /** Messages whose clients still wait. */
  get unanswered(): number {
    return this.taken - this.answeredTotal;
  }

  /** True when nothing more will fall due. */
  ended(now: Nanoseconds): boolean {
    return this.pending === NEVER && (this.clients?.ended(now) ?? true);
  }

  /** When the next message can be taken; Infinity while unknown. */
  readAt(now: Nanoseconds): Nanoseconds {
    return this.reads === null ? this.pending : this.reads.advance(now);
  }

  /** The same, as far as known without looking. */
  get nextRead(): Nanoseconds {
    return Math.max(this.pending, this.reads?.nextRead ?? 0);
  }

  /** When `readAt` may change by itself. */
  get nextChange(): Nanoseconds {
    return this.reads?.nextChange ?? this.pending;
  }

  /** Takes the next message, which must be due. */
  take(): number {
    const { pending } = this;
    this.reads?.delivered();
    this.taken++;
    this.lastDue = pending;
    if (pending < this.firstDue && pending >= this.scenario.warmup * 1000) this.firstDue = pending;
    const key = this.keys === null ? this.arrival.key : this.keys.next();
    const id = this.messages.add(pending, this.service === null ? this.demand : this.service.next(), key);
    this.readTape();
    return id;
  }

  /** Duration of one read that holds its thread. */
  nextLatency(): Nanoseconds {
    return this.latency === null ? 0 : this.latency.next();
  }

  /** `count` clients are answered. True when one of them may send again. */
  answered(count: number, now: Nanoseconds): void {
    if (this.clients === null) return;
    this.answeredTotal += count;
    for (let i = 0; i < count; i++) this.clients.send(now);
    if (this.pending === NEVER) this.readTape();
  }

  /** Number of all messages, once nothing more is taken. */
  total(): number {
    if (this.clients !== null) return this.clients.sent;
    for (; this.pending !== NEVER; this.readTape()) this.taken++;
    this.tape?.close();
    return this.taken;
  }

  /** True when the run is over, `grace` after the last arrival: unfinished messages stay so. */
  expired(now: Nanoseconds, grace: Nanoseconds): boolean {
    const known = this.pending === NEVER ? this.lastDue : this.pending;
    if (now < known + grace) return false;
    if (this.clients !== null) return this.clients.ended(now) && now >= this.clients.last + grace;
    return now >= this.lastArrival() + grace;
  }

  /** The earliest instant at which `expired` may be true, as far as known. */
  expiry(now: Nanoseconds, grace: Nanoseconds): Nanoseconds {
    if (this.clients !== null) return this.clients.ended(now) ? this.clients.last + grace : NEVER;
    const known = this.pending === NEVER ? this.lastDue : this.pending;
    return now < known + grace ? known + grace : this.lastArrival() + grace;
  }

  private lastArrival(): Nanoseconds {
    if (this.pending === NEVER) return this.lastDue;
    this.lastOfAll ??= lastOf(this.scenario, this.limit);
    return this.lastOfAll;
  }

  private readTape(): void {
    if (this.clients !== null) this.pending = this.clients.tape.shift() ?? NEVER;
    else this.pending = this.taken < this.limit && this.tape?.next(this.arrival) === true ? this.arrival.dueMicros * 1000 : NEVER;
  }

  private dueTimes(): DueTimes {
    const { clients } = this;
    if (clients === null) return openDueTimes(this.scenario, this.limit, () => null);
    const next = (now: Nanoseconds) => {
      const due = clients.reads.shift();
      return due === undefined ? (clients.ended(now) ? NEVER : Number.NaN) : due / 1000;
    };
    return { next, together: 1, close: () => {} };
  }
}

function clientsOf(load: Extract<Scenario["load"], { vus: number }>, limit: number): Clients {
  if (load.executor === "constant-vus") return new Clients(load.vus, limit, load.duration * 1000);
  return new Clients(load.vus, Math.min(limit, load.iterations), NEVER);
}

/** Due time of the last arrival of a tape. */
function lastOf(scenario: Scenario, limit: number): Nanoseconds {
  const tape = openTape({ ...scenario, keys: { count: 1, distribution: "round-robin", exponent: 1 } }, () => null);
  const arrival = new Arrival();
  let count = 0;
  while (count < limit && tape.next(arrival)) count++;
  tape.close();
  return arrival.dueMicros * 1000;
}
