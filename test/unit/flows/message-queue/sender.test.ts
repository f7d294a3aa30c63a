import { afterAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { MessageQueue } from "../../../../src/flows/index.ts";
import { temporaryFolder } from "../../../support/cli.ts";
import { quiet } from "../../../support/flow-oddities.ts";
import { VirtualTimers } from "../../../support/virtual-timers.ts";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const file = () => join(folder, `${++files}.db`);

/** A queue with room for one message, which is tried once. */
function narrow(place: { readonly file?: string }, timers: VirtualTimers) {
  return MessageQueue.open<number>("q", { ...place, timers, capacity: 1, maxAttempts: 1, visibilityMs: 100, pollMs: 10, ...quiet });
}

describe("senders to a message queue", () => {
  test("sends of one and of many keep their order while they wait for room", async () => {
    for (const place of [{}, { file: file() }]) {
      await using queue = MessageQueue.open<number>("q", { ...place, capacity: 10, pollMs: 2 });
      const sends = [queue.sendAll([1, 2, 3, 4, 5, 6]), queue.send(7), queue.sendAll([8, 9, 10, 11, 12]), queue.send(13)];
      const got: number[] = [];
      const done = Promise.withResolvers<void>();
      queue.consume(({ value }) => {
        got.push(value);
        if (got.length === 13) done.resolve();
      });
      await Promise.all([...sends, done.promise]);
      expect(got).toEqual(Array.from({ length: 13 }, (_, i) => i + 1));
    }
  });

  test("a duplicate is taken in by a full queue", async () => {
    for (const place of [{}, { file: file() }]) {
      const timers = new VirtualTimers();
      const queue = narrow(place, timers);
      await timers.run(queue.send(1, { idempotencyKey: "a" }));
      expect(await timers.run(queue.send(1, { idempotencyKey: "a" }))).toEqual({ id: 1, duplicate: true });
      await timers.run(queue.stop());
    }
  });

  test("a send that is not to wait is rejected by a full queue", async () => {
    for (const place of [{}, { file: file() }]) {
      const timers = new VirtualTimers();
      const queue = narrow(place, timers);
      await timers.run(queue.send(1));
      expect(await timers.run(queue.send(9, { whenFull: "reject" }).catch(({ problem }) => problem))).toBe("full");
      expect(await timers.run(queue.sendAll([9, 10], { whenFull: "reject" }).catch(({ problem }) => problem))).toBe("full");
      await timers.run(queue.stop());
    }
  });

  test("a send that waits has the room of a message whose last lease runs out", async () => {
    for (const place of [{}, { file: file() }]) {
      const timers = new VirtualTimers();
      const queue = narrow(place, timers);
      await timers.run(queue.send(1));
      const stuck = queue.consume(() => new Promise(() => {}));
      await timers.advance(20);
      await timers.run(stuck.stop(5));
      let sent = false;
      void queue.send(2).then(() => {
        sent = true;
      });
      queue.consume(() => {});
      await timers.advance(500);
      expect(sent).toBe(true);
      await timers.run(queue.stop());
    }
  });
});
