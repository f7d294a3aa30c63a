/** Events of a bus by name: what each carries. */
export type EventName<Events extends object> = Extract<keyof Events, string>;

/** An event of a bus. */
export class FlowEvent<Type extends string = string, Data = unknown> {
  constructor(
    private readonly origin: string,
    /** Its position among the events of its bus, from 1. */
    readonly sequence: number,
    readonly type: Type,
    /** Milliseconds since 1970. */
    readonly time: number,
    /** Source of the event. */
    readonly source: string,
    readonly data: Data,
  ) {}

  /** Unique across all buses. */
  get id(): string {
    return `${this.origin}-${this.sequence}`;
  }

  toJSON(): { id: string; type: Type; time: number; source: string; data: Data } {
    const { id, type, time, source, data } = this;
    return { id, type, time, source, data };
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

export function matches(event: FlowEvent, { type, source, since, until }: EventFilter): boolean {
  if (type !== undefined && (typeof type === "string" ? event.type !== type : !type.includes(event.type))) return false;
  if (source !== undefined && (typeof source === "string" ? event.source !== source : !source.includes(event.source))) return false;
  return (since === undefined || event.time >= since) && (until === undefined || event.time < until);
}
