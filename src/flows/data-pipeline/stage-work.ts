import type { Timers } from "../../kernel/timers.ts";
import { type Guard, guardAmong } from "../guard.ts";
import { NO_HEADERS } from "../headers.ts";
import { traced } from "../tracing.ts";
import type { FlowContext } from "./context.ts";
import type { Passing } from "./node.ts";
import type { StageFunction, StageOptions } from "./stage-options.ts";

/** The function of a stage, with the time limit, retries and breaker of its attempts, and the fallback after the last. */
export class StageWork {
  /** Items whose function is on the stack; several where it feeds its own pipeline. */
  readonly onStack: Passing[] = [];
  private readonly guard: Guard | null;
  private fallbacks = 0;

  constructor(
    private readonly part: string,
    /** Name of the stage. */
    readonly name: string,
    private readonly work: StageFunction<unknown, unknown>,
    private readonly options: StageOptions<unknown, unknown>,
    timers: Timers,
  ) {
    this.guard = guardAmong(options, timers);
  }

  /** Returns what the function returns, or a promise of it. Throws what it throws, where it is not guarded. */
  call(item: Passing): unknown {
    this.onStack.push(item);
    try {
      return this.guard === null ? this.once(item, item.context) : this.guarded(item, this.guard);
    } finally {
      this.onStack.pop();
    }
  }

  /** One attempt at an item. */
  private once({ value, context: { headers } }: Passing, context: FlowContext): unknown {
    if (headers === NO_HEADERS) return this.work(value, context);
    const handling = { operation: "process", destination: this.name, part: this.part, id: null } as const;
    return traced(headers, handling, () => this.work(value, context));
  }

  private guarded(item: Passing, guard: Guard): Promise<unknown> {
    const { context } = item;
    const answer = guard.call((signal, attempt) => this.once(item, context.forAttempt(signal, attempt)), context.signal);
    return this.hasFallback
      ? answer.catch((error: unknown) => {
          // Abandoned meanwhile.
          if (item.abandoned || item.unwanted) throw error;
          return this.fallBack(item, error);
        })
      : answer;
  }

  get hasFallback(): boolean {
    return this.options.fallback !== undefined;
  }

  /** Resolves with what the fallback returns. `error`: that of the last attempt. */
  async fallBack({ value, context }: Passing, error: unknown): Promise<unknown> {
    const given = await this.options.fallback?.(value, context, error);
    this.fallbacks++;
    return given;
  }

  stats() {
    const { guard, fallbacks } = this;
    return {
      retries: guard?.retries ?? 0,
      timeouts: guard?.timeouts ?? 0,
      refused: guard?.refused ?? 0,
      breaker: guard?.breakerState ?? "closed",
      fallbacks,
    };
  }
}
