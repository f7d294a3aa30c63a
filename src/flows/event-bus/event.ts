import type { FlowHeaders } from "../headers.ts";
import type { OptionNames } from "../options.ts";

/** Events of a bus by name: what each carries. */
export type EventName<Events extends object> = Extract<keyof Events, string>;

/** An event of a bus. All it says are fields of its own, so that it can be copied, spread and sent to a Worker. */
export class FlowEvent<Type extends string = string, Data = unknown> {
  constructor(
    /** Unique across all buses. */
    readonly id: string,
    /** Its position among the events of its bus, from 1. */
    readonly sequence: number,
    readonly type: Type,
    /** Milliseconds since 1970. */
    readonly time: number,
    /** Source of the event. */
    readonly source: string,
    readonly data: Data,
    /** What accompanies it, the trace that it belongs to among them. */
    readonly headers: FlowHeaders,
  ) {}

  toJSON(): { id: string; type: Type; time: number; source: string; data: Data; headers?: FlowHeaders } {
    const { id, type, time, source, data, headers } = this;
    return { id, type, time, source, data, ...(Object.keys(headers).length === 0 ? {} : { headers }) };
  }
}

const LOW = 1000;
const FIRST_DIGITS = Array.from({ length: LOW }, (_, n) => String(n));
const LOW_DIGITS = FIRST_DIGITS.map((digits) => digits.padStart(3, "0"));

/**
 * Ids of one bus's events: the bus, and the event's number from 1. The last three digits are taken from a table: joining two texts is ten
 * times as fast as writing a number.
 */
export class EventIds {
  private prefix: string;
  private digits = FIRST_DIGITS;
  private low = 0;
  private high = 0;

  constructor(private readonly origin: string) {
    this.prefix = `${origin}-`;
  }

  next(): string {
    if (++this.low === LOW) {
      this.low = 0;
      this.digits = LOW_DIGITS;
      this.prefix = `${this.origin}-${++this.high}`;
    }
    return this.prefix + this.digits[this.low];
  }
}

/** Any event of a bus: a union over its names, so that looking at `type` tells the type of `data`. */
export type AnyEvent<Events extends object, Type extends EventName<Events> = EventName<Events>> = {
  [Name in Type]: FlowEvent<Name, Events[Name]>;
}[Type];

/** Which events to select; every given condition must hold. */
export interface EventFilter<Type extends string = string> {
  readonly type?: Type | readonly Type[];
  readonly source?: string | readonly string[];
  /** Not before this time, in milliseconds since 1970. */
  readonly since?: number;
  /** Before this time. */
  readonly until?: number;
}

export const FILTER_NAMES: OptionNames<EventFilter> = { type: true, source: true, since: true, until: true };

export function matches(event: FlowEvent, { type, source, since, until }: EventFilter): boolean {
  if (type !== undefined && (typeof type === "string" ? event.type !== type : !type.includes(event.type))) return false;
  if (source !== undefined && (typeof source === "string" ? event.source !== source : !source.includes(event.source))) return false;
  return (since === undefined || event.time >= since) && (until === undefined || event.time < until);
}
