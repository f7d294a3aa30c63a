import { join } from "node:path";
import { type Message, MessageQueue, type Settled } from "../../flows/index.ts";
import type { FlowItem, FlowMaker } from "./flow.ts";

/** The wait for an item, until every group is done with it. */
interface Waiting {
  left: number;
  failure: unknown;
  readonly done: (failure: unknown) => void;
}

/** Sends a message for each item, which is done when every group has acknowledged it or given it up. */
export const messageQueue =
  (name: string): FlowMaker =>
  (flows, lab) => {
    const { groups, consumers, concurrency, durability, order, retry } = lab.settings;
    const names = Array.from({ length: groups }, (_, i) => `group ${i + 1}`);
    const maxAttempts = retry.max + 1;
    const queue = flows.register(
      MessageQueue.open<FlowItem>(name, {
        groups: names,
        order,
        maxAttempts,
        backoff: { baseDelay: retry.baseDelay / 1000 },
        onFailure: () => {},
        ...(durability === "memory" ? {} : { file: join(lab.folder, `${name}-${lab.thread}.db`), durability }),
      }),
    );
    /** By item number. */
    const waiting = new Map<number, Waiting>();
    const settle = ({ index, failure }: Ended) => {
      const item = waiting.get(index);
      if (item === undefined) return;
      item.failure ??= failure;
      if (--item.left > 0) return;
      waiting.delete(index);
      item.done(item.failure);
    };
    for (const [place, group] of names.entries()) {
      /** Handled but not settled, by message id. */
      const ended = new Map<number, Ended>();
      const handle = ({ id, value, attempt }: Message<FlowItem>) => {
        const fail = (error: unknown): never => {
          ended.set(id, { index: value.index, failure: error });
          throw error;
        };
        ended.set(id, { index: value.index, failure: null });
        let handling: void | Promise<void>;
        try {
          handling = lab.handle(value, place + (attempt - 1) * groups);
        } catch (error) {
          return fail(error);
        }
        return handling?.catch(fail);
      };
      const onSettled = (messages: readonly Settled[]) => {
        for (const { id } of messages) {
          const end = ended.get(id);
          ended.delete(id);
          if (end !== undefined) settle(end);
        }
      };
      for (let i = 0; i < consumers; i++) queue.consume(handle, { group, concurrency, name: `consumer ${i + 1} of ${group}`, onSettled });
    }
    return (item) =>
      new Promise<void>((resolve, reject) => {
        waiting.set(item.index, { left: groups, failure: null, done: (failure) => (failure === null ? resolve() : reject(failure)) });
        queue.send(item, { key: item.key }).catch((error: unknown) => {
          waiting.delete(item.index);
          reject(error);
        });
      });
  };

/** Outcome of an item in one group. */
interface Ended {
  readonly index: number;
  readonly failure: unknown;
}
