import { ReactiveStream } from "../../flows/index.ts";
import type { FlowItem, FlowMaker } from "./flow.ts";

/** An item on its way to all subscribers. */
interface Ticket {
  readonly item: FlowItem;
  left: number;
  failure: unknown;
  readonly done: (failure: unknown) => void;
}

/** Passes each item through all transformers to all subscribers, which do the work and count it down. */
export const reactiveStream =
  (name: string): FlowMaker =>
  (flows, lab) => {
    const { transformers, subscribers } = lab.settings;
    let stream = ReactiveStream.of<Ticket>(name, { onFailure: () => {}, buffer: 100_000 });
    for (let place = 0; place < transformers; place++) stream = stream.transform((ticket) => ticket);
    const count = (ticket: Ticket, failure: unknown) => {
      ticket.failure ??= failure;
      if (--ticket.left === 0) ticket.done(ticket.failure);
    };
    for (let place = 0; place < subscribers; place++) {
      stream.subscribe(
        {
          next: (ticket) => {
            // Counted down here, and rethrown so that the stream counts it too.
            const end = (failure: unknown) => {
              count(ticket, failure);
              if (failure !== null) throw failure;
            };
            const handling = follow(lab, ticket.item, place);
            return handling instanceof Promise ? handling.then(end) : end(handling);
          },
          dropped: (ticket) => count(ticket, new Error("a subscriber was too slow for it")),
        },
        { name: `subscriber ${place + 1}`, buffer: 100_000 },
      );
    }
    flows.register(stream);
    return (item) =>
      new Promise<void>((resolve, reject) => {
        const done = (failure: unknown) => (failure === null ? resolve() : reject(failure));
        if (!stream.emit({ item, left: subscribers, failure: null, done })) reject(new Error("the stream was too slow for it"));
      });
  };

/** Outcome of a handler: null, or why it failed. */
function follow(lab: { handle(item: FlowItem, place: number): void | Promise<void> }, item: FlowItem, place: number): unknown {
  try {
    const handling = lab.handle(item, place);
    return handling === undefined
      ? null
      : handling.then(
          () => null,
          (error: unknown) => error,
        );
  } catch (error) {
    return error;
  }
}
