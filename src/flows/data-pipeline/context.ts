import { newId, realTimers, type Timers } from "../../kernel/timers.ts";
import { type FlowHeaders, NO_HEADERS } from "../headers.ts";

/** Ids, fields and signal that accompany an item through every stage. */
export class FlowContext {
  /** Attempt of the current stage at the item, from 1. */
  readonly attempt: number = 1;
  private id: string | null = null;
  private correlation: string | null;
  private abortion: AbortController | null = null;

  constructor(
    /** Fields of the user's own. */
    readonly fields: Readonly<Record<string, unknown>> = {},
    correlationId: string | null = null,
    /** The contexts of the items that a batch is made of. */
    readonly parts: readonly FlowContext[] = [],
    private readonly timers: Timers = realTimers,
    /** What accompanies the item, the trace that it belongs to among it. */
    readonly headers: FlowHeaders = NO_HEADERS,
  ) {
    this.correlation = correlationId;
  }

  /** Id of this passage through this pipeline. */
  get flowId(): string {
    this.id ??= newId(this.timers);
    return this.id;
  }

  /** Id shared by everything that one cause set off; the flow id where none was given. */
  get correlationId(): string {
    this.correlation ??= this.flowId;
    return this.correlation;
  }

  /** Aborted when the pipeline abandons the item. */
  get signal(): AbortSignal {
    this.abortion ??= new AbortController();
    return this.abortion.signal;
  }

  abort(reason: unknown): void {
    this.abortion ??= new AbortController();
    this.abortion.abort(reason);
    for (const part of this.parts) part.abort(reason);
  }

  /** The same context for one attempt, with its signal and number. */
  forAttempt(signal: AbortSignal, attempt: number): FlowContext {
    return new AttemptContext(this, signal, attempt);
  }
}

class AttemptContext extends FlowContext {
  constructor(
    private readonly whole: FlowContext,
    private readonly own: AbortSignal,
    override readonly attempt: number,
  ) {
    super(whole.fields, null, whole.parts, undefined, whole.headers);
  }

  override get flowId(): string {
    return this.whole.flowId;
  }

  override get correlationId(): string {
    return this.whole.correlationId;
  }

  override get signal(): AbortSignal {
    return this.own;
  }
}
