import { NO_HEADERS } from "../../headers.ts";
import { isUntraced, traced } from "../../tracing.ts";
import type { Handler, LeasedMessage } from "../message.ts";

/**
 * Calls the handler of a queue's messages: in the async context of the message's sender, where its store has it, and in the trace that its
 * headers name.
 */
export class HandlerCall<T> {
  constructor(
    private readonly queue: string,
    private readonly handler: Handler<T>,
  ) {}

  of(held: LeasedMessage<T>): unknown {
    const { caller, headers } = held;
    // Where spans are made, messages without headers have one, too.
    const handle = headers === NO_HEADERS && isUntraced() ? this.handler : this.trace;
    return caller === null ? handle(held) : caller.runInAsyncScope(handle, undefined, held);
  }

  private readonly trace = (held: LeasedMessage<T>): unknown => {
    const handling = { operation: "process", destination: this.queue, part: this.queue, id: String(held.id) } as const;
    return traced(held.headers, handling, () => this.handler(held));
  };
}
