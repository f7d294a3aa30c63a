import { describe, expect, test } from "bun:test";
import { DataPipeline, EventBus, MessageQueue, type Part, ReactiveStream } from "../../../src/flows/index.ts";
import { VirtualTimers } from "../../support/virtual-timers.ts";

type Options = { readonly timers: VirtualTimers; readonly onFailure: () => void };

/** A part whose handler takes as long as it is told, and how long it says that its handler has been at one thing. */
interface Worked {
  readonly part: Part;
  give(): void;
  oldest(): unknown;
}

const KINDS: Readonly<Record<string, (options: Options, work: () => Promise<void>) => Worked>> = {
  "a handler of a bus": (options, work) => {
    const bus = new EventBus<{ a: number }>({ name: "p", ...options });
    bus.subscribe("a", work);
    return { part: bus, give: () => void bus.emit("a", 1), oldest: () => bus.stats().subscribers[0]?.oldestMs };
  },
  "a subscriber of a stream": (options, work) => {
    const stream = ReactiveStream.of<number>("p", options);
    stream.subscribe(work);
    return { part: stream, give: () => void stream.emit(1), oldest: () => stream.stats().subscribers[0]?.oldestMs };
  },
  "a stage of a pipeline": (options, work) => {
    const pipeline = DataPipeline.of<number>("p", options).stage("s", work).discard();
    pipeline.start();
    return { part: pipeline, give: () => void pipeline.feed(1), oldest: () => pipeline.stats().stages[0]?.oldestMs };
  },
  "a consumer of a queue": (options, work) => {
    const queue = MessageQueue.open<number>("p", options);
    queue.consume(work);
    return { part: queue, give: () => void queue.send(1), oldest: () => queue.stats().consumers[0]?.oldestMs };
  },
};

describe.each(Object.keys(KINDS))("%s", (kind) => {
  function set() {
    const timers = new VirtualTimers();
    const done: (() => void)[] = [];
    const make = KINDS[kind] as (typeof KINDS)[string];
    const worked = make({ timers, onFailure: () => {} }, () => new Promise<void>((resolve) => done.push(resolve)));
    return { timers, done, ...worked };
  }

  test("says how long it has been at one thing, from when it began", async () => {
    const { timers, give, oldest } = set();
    await timers.advance(5000);
    give();
    await timers.advance(1234);
    expect(oldest()).toBe(1234);
  });

  test("is at nothing before, and when it is done", async () => {
    const { timers, done, give, oldest } = set();
    await timers.advance(5000);
    const before = oldest();
    give();
    await timers.advance(10);
    for (const finish of done) finish();
    await timers.advance(10);
    expect([before, oldest()]).toEqual([null, null]);
  });

  test("makes its part degraded once it has been at one thing for more than half a minute, and no longer than it is", async () => {
    const { timers, done, give, part } = set();
    await timers.advance(5000);
    give();
    await timers.advance(30_000);
    const just = part.health().status;
    await timers.advance(1);
    const after = part.health().status;
    for (const finish of done) finish();
    await timers.advance(0);
    expect([just, after, part.health().status]).toEqual(["up", "degraded", "up"]);
  });
});

test("a transformer that takes its time makes its stream degraded, by how long it has been at its value", async () => {
  const timers = new VirtualTimers();
  const stream = ReactiveStream.of<number>("p", { timers }).transform(() => new Promise<number>(() => {}));
  await timers.advance(5000);
  stream.emit(1);
  await timers.advance(30_000);
  const just = stream.health().status;
  await timers.advance(11_000);
  expect([just, stream.health().detail]).toEqual(["up", "a transformer has been at one value for 41 s"]);
});

test("an output that takes its time makes its pipeline degraded, by how long it has been at its result", async () => {
  const timers = new VirtualTimers();
  const pipeline = DataPipeline.of<number>("p", { timers }).into(() => new Promise<void>(() => {}));
  pipeline.start();
  await timers.advance(5000);
  void pipeline.feed(1);
  await timers.advance(30_000);
  const just = pipeline.health().status;
  await timers.advance(11_000);
  expect([just, pipeline.health().detail]).toEqual(["up", "the output has been at one item for 41 s"]);
});

describe("room in a stream", () => {
  const slow = (buffer: number) => {
    const waiting: (() => void)[] = [];
    const stream = ReactiveStream.of<number>("p", { buffer }).transform(
      (value: number) => new Promise<number>((resolve) => waiting.push(() => resolve(value))),
    );
    return { stream, waiting };
  };

  test("is as long as another value would be kept", () => {
    const { stream } = slow(2);
    const said: boolean[] = [];
    const kept: boolean[] = [];
    for (let i = 0; i < 4; i++) {
      said.push(stream.hasRoom);
      kept.push(stream.emit(i));
    }
    expect([said, kept]).toEqual([
      [true, true, true, false],
      [true, true, true, false],
    ]);
  });

  test("comes again as the transformer goes on", async () => {
    const { stream, waiting } = slow(1);
    stream.emit(1);
    stream.emit(2);
    let ready = false;
    const room = stream.ready().then(() => {
      ready = true;
    });
    await Promise.resolve();
    const before = ready;
    waiting.shift()?.();
    await room;
    expect([before, ready, stream.hasRoom]).toEqual([false, true, true]);
  });
});

describe("what a queue counts of what is sent", () => {
  test("who would rather not wait is counted as rejected, whatever waits beside", async () => {
    const timers = new VirtualTimers();
    const queue = MessageQueue.open<number>("q", { timers, capacity: 1, onFailure: () => {} });
    await timers.run(queue.send(1));
    const waits = queue.send(2);
    const hasty = [queue.send(3, { whenFull: "reject" }), queue.send(4, { whenFull: "reject" })].map((sent) => sent.catch(() => null));
    await timers.run(Promise.all(hasty));
    expect(queue.stats()).toMatchObject({ sent: 1, rejected: 2, sendersWaiting: 1 });
    queue.consume(() => {});
    await timers.run(waits);
    expect(queue.stats()).toMatchObject({ sent: 2, rejected: 2, sendersWaiting: 0 });
    await timers.run(queue.stop());
  });

  test("in a queue that rejects, what did not fit is counted, and what was there already", async () => {
    const timers = new VirtualTimers();
    const queue = MessageQueue.open<number>("q", { timers, capacity: 2, whenFull: "reject", onFailure: () => {} });
    const refused = queue.sendAll([1, 2, 3]).catch(() => null);
    await timers.run(refused);
    await timers.run(queue.send(1, { idempotencyKey: "a" }).catch(() => null));
    const { sent, rejected, duplicates } = queue.stats();
    expect({ sent, rejected, duplicates }).toEqual({ sent: 2, rejected: 2, duplicates: 0 });
    await timers.run(queue.stop());
  });

  test("a message that was there already is a duplicate, one by one or together", async () => {
    const timers = new VirtualTimers();
    const queue = MessageQueue.open<number>("q", { timers });
    await timers.run(queue.send(1, { idempotencyKey: "a" }));
    await timers.run(queue.send(1, { idempotencyKey: "a" }));
    await timers.run(queue.sendAll([1, 2, 3], (value) => ({ idempotencyKey: value === 1 ? "a" : `k${value}` })));
    expect(queue.stats()).toMatchObject({ sent: 3, duplicates: 2 });
    await timers.run(queue.stop());
  });
});

test("handlers that are free look for other keys, however many wait behind one", async () => {
  const timers = new VirtualTimers();
  const queue = MessageQueue.open<number>("q", { timers, order: "key" });
  const began: number[] = [];
  await timers.run(queue.sendAll([1, 2, 3, 4, 5, 6], (value) => ({ key: value < 6 ? "a" : "b" })));
  queue.consume(
    ({ value }) => {
      began.push(value);
      return new Promise(() => {});
    },
    { concurrency: 2, batch: 3 },
  );
  await timers.advance(1000);
  expect(began.sort()).toEqual([1, 6]);
});
