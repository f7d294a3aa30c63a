import type { Nanoseconds } from "../../kernel/clock.ts";
import type { Agenda } from "./agenda.ts";

/** Messages between runner, Redis and slots: calls, answers, and what the runner reads of results. */
export type TripKind = "add" | "added" | "take" | "taken" | "read" | "states" | "commit" | "results" | "recorded";

export interface Trip {
  /** Its number, by which events refer to it; reused. */
  readonly no: number;
  kind: TripKind;
  slot: number;
  /** True if it concerns a batch that the slot takes ahead, beside those at work. */
  ahead: boolean;
  partition: number;
  /** Number of messages it concerns. */
  count: number;
  /** `add`: the partition of each message; `taken`, `read` and `states`: the messages. */
  items: number[];
}

/** The trips under way, by number. */
export class Trips {
  private readonly all: Trip[] = [];
  private readonly spare: Trip[] = [];

  constructor(
    private readonly agenda: Agenda,
    /** The event of a trip's arrival. */
    private readonly arrival: (no: number) => number,
  ) {}

  /** Sends something that arrives at an instant. */
  send(
    at: Nanoseconds,
    { kind, slot = 0, ahead = false, partition = 0, items = [], count = items.length }: Pick<Trip, "kind"> & Partial<Trip>,
  ): void {
    let trip = this.spare.pop();
    if (trip === undefined) {
      trip = { no: this.all.length, kind, slot, ahead, partition, count, items };
      this.all.push(trip);
    } else Object.assign(trip, { kind, slot, ahead, partition, count, items });
    this.agenda.push(at, this.arrival(trip.no));
  }

  /** The trip that has arrived. Its number is reused by the next one. */
  arrived(no: number): Readonly<Trip> {
    const trip = this.all[no] as Trip;
    this.spare.push(trip);
    return { ...trip };
  }
}
