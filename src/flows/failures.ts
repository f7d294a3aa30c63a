import { errorText } from "../kernel/error-text.ts";
import { attempt } from "../kernel/promises.ts";
import type { Timers } from "../kernel/timers.ts";
import { checkFunction } from "./options.ts";

/** A failure inside a flow that was kept from harming anything else. */
export interface FlowFailure {
  /** Name of the bus, pipeline, stream, queue or orchestrator. */
  readonly part: string;
  /** Where in the part: a subscriber, a stage, a group. */
  readonly place: string;
  /** What was being handled: the event, the item, the message. */
  readonly subject: unknown;
  readonly error: unknown;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** Listener to failures; what it throws is a warning of the process. */
export type OnFailure = (failure: FlowFailure) => void;

/** Failures kept. */
const REMEMBERED = 100;

/**
 * The failures of one part: counted, the latest kept, passed to the listeners. Without a listener the first is a warning of the process, so
 * that none passes in silence.
 */
export class Failures {
  count = 0;
  private readonly recent: FlowFailure[] = [];
  private readonly listeners = new Set<OnFailure>();
  private warned = false;

  constructor(
    private readonly part: string,
    private readonly timers: Timers,
    listener?: OnFailure,
  ) {
    if (listener !== undefined) this.listen(listener);
  }

  /** Calls the listener with every failure from now on. Returns a function that removes it. */
  listen(listener: OnFailure): () => void {
    checkFunction("onFailure", listener);
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** `known`: reported elsewhere too, so no warning is due. */
  report(place: string, subject: unknown, error: unknown, known = false): FlowFailure {
    const failure: FlowFailure = { part: this.part, place, subject, error, time: this.timers.wall() };
    this.count++;
    this.recent.push(failure);
    if (this.recent.length > REMEMBERED) this.recent.shift();
    for (const listener of this.listeners) {
      attempt(
        () => listener(failure),
        (wrong) => this.warn(`A listener for failures of ${this.part} failed itself: ${errorText(wrong)}`),
      );
    }
    if (this.listeners.size === 0 && !known) this.warn(`${this.part}, ${place}: ${errorText(error)} (further failures are only counted)`);
    return failure;
  }

  /** The latest hundred, oldest first. */
  get latest(): readonly FlowFailure[] {
    return [...this.recent];
  }

  private warn(text: string): void {
    if (this.warned) return;
    this.warned = true;
    process.emitWarning(text, "FlowWarning");
  }
}

/** A handler, stage or task exceeded its time limit. */
export class TimedOut extends Error {
  override readonly name = "TimedOut";

  constructor(readonly limitMs: number) {
    super(`took longer than ${limitMs} ms`);
  }
}

/** The part was stopped before this was done. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}
