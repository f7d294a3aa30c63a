import type { Nanoseconds } from "../../kernel/clock.ts";
import type { Time } from "../../kernel/time.ts";
import { REQUEST } from "./http-protocol.ts";
import type { QueryServer } from "./http-server.ts";
import { type QueryPlan, QuerySchedule } from "./schedule.ts";
import { QueryStats } from "./stats.ts";

/** A state as JSON, null when there is no such machine, and its age. */
export interface StateReading {
  readonly json: string | null;
  readonly age: Nanoseconds;
}

/** Reads states, on whatever thread has them. Returns a promise where the answer has to wait. */
export interface StateReader {
  state(key: number): StateReading | Promise<StateReading>;
  /** The ids of all machines, as a JSON list. */
  list(): StateReading | Promise<StateReading>;
}

/**
 * Answers queries between two messages, on the thread of the mode: the scenario's queries when they are due, and those that come in over
 * HTTP.
 */
export class QueryDispatcher {
  readonly book: QueryStats;
  /** Called for every answer that had to be awaited. */
  onAnswer: (() => void) | null = null;
  private readonly schedule: QuerySchedule | null;
  private waiting = 0;

  constructor(
    private readonly time: Time,
    plan: QueryPlan | null,
    private readonly face: QueryServer | null,
    private readonly keyOf: (name: string) => number | null,
  ) {
    this.schedule = plan === null ? null : new QuerySchedule(plan);
    this.book = face?.book ?? new QueryStats(undefined, plan?.warmup ?? 0);
  }

  /** When the next query of the scenario falls due. */
  get nextDue(): Nanoseconds {
    return this.schedule?.nextDue ?? Number.POSITIVE_INFINITY;
  }

  /** True when HTTP requests are pending. */
  get asked(): boolean {
    return this.face?.asked ?? false;
  }

  hasWork(now: Nanoseconds): boolean {
    return this.nextDue <= now || this.asked;
  }

  /** Takes every due query and answers those that can be; returns a promise when something has to be awaited. */
  serve(now: Nanoseconds, reader: StateReader): void | Promise<unknown> {
    const promises: Promise<void>[] = [];
    for (let due = this.nextDue; due <= now; due = this.nextDue) {
      this.book.ask();
      const asked = due;
      const reading = reader.state((this.schedule as QuerySchedule).take());
      this.whenThere(reading, ({ age }) => this.book.answer(asked, this.time.now(), age), promises);
    }
    for (let request = this.face?.take() ?? null; request !== null; request = this.face?.take() ?? null) {
      const { id, kind, name } = request;
      const reading = kind === REQUEST.list ? reader.list() : this.stateOf(name, reader);
      this.whenThere(reading, ({ json, age }) => this.face?.answer(id, json, age), promises);
    }
    if (promises.length > 0) return Promise.all(promises);
  }

  private stateOf(name: string, reader: StateReader): StateReading | Promise<StateReading> {
    const key = this.keyOf(name);
    return key === null ? { json: null, age: 0 } : reader.state(key);
  }

  private whenThere(reading: StateReading | Promise<StateReading>, then: (reading: StateReading) => void, promises: Promise<void>[]): void {
    if (!(reading instanceof Promise)) {
      then(reading);
      return;
    }
    this.waiting++;
    promises.push(
      reading.then(
        (there) => {
          this.waiting--;
          then(there);
          this.onAnswer?.();
        },
        () => {
          this.waiting--;
          this.onAnswer?.();
        },
      ),
    );
  }

  /** Resolves when the HTTP server's own client has its answers. `stop`: it sends no more. */
  async settleFace(stop: boolean): Promise<void> {
    await this.face?.settle(stop);
  }

  /** Stops the schedule: nothing more falls due. */
  stop(): void {
    this.schedule?.stop();
  }

  /** True when every query that fell due is answered and no more will come. */
  get settled(): boolean {
    return this.nextDue === Number.POSITIVE_INFINITY && this.waiting === 0 && !this.asked;
  }
}
