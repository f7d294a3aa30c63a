import { describe, expect, test } from "bun:test";
import { EventBus, type FlowFailure, Stopped, type Subscription } from "../../../../src/flows/index.ts";
import { quiet, throwing, unreadable } from "../../../support/flow-oddities.ts";
import { settled, VirtualTimers } from "../../../support/virtual-timers.ts";

describe("subscriptions of an event bus", () => {
  test.each(["drop-oldest", "drop-newest"] as const)(
    "events that an iteration drops are counted by its subscription, %s",
    async (overflow) => {
      const bus = new EventBus<{ a: number }>();
      const events = bus.events("a", { buffer: 2, overflow });
      for (let i = 0; i < 10; i++) bus.emit("a", i);
      await settled();
      expect(bus.stats()).toMatchObject({ delivered: 10, handled: 2, dropped: 8 });
      const kept = overflow === "drop-oldest" ? [8, 9] : [0, 1];
      expect([(await events.next()).value?.data, (await events.next()).value?.data]).toEqual(kept);
    },
  );

  test("an answer whose `then` cannot be read counts as handled, and the next subscriber hears the event", () => {
    const bus = new EventBus<{ a: number }>();
    const told: number[] = [];
    bus.subscribe("a", () => unreadable);
    bus.subscribe("a", ({ data }) => void told.push(data));
    expect(bus.emit("a", 1)).toMatchObject({ type: "a", data: 1, sequence: 1 });
    expect(told).toEqual([1]);
  });

  test("events that a replay sets off are delivered after it", () => {
    const bus = new EventBus<{ a: number }>();
    bus.emit("a", 1);
    const got: number[] = [];
    bus.subscribe(
      "a",
      ({ data }) => {
        got.push(data);
        if (data < 3) bus.emit("a", data + 2);
      },
      { replay: true },
    );
    bus.emit("a", 9);
    expect(got).toEqual([1, 3, 9]);
  });

  test("a signal that is aborted during a replay ends the subscription, and what was left of the replay is abandoned", () => {
    const bus = new EventBus<{ a: number }>();
    for (let i = 0; i < 3; i++) bus.emit("a", i);
    for (let i = 0; i < 3; i++) {
      const abort = new AbortController();
      bus.subscribe("a", () => abort.abort(), { replay: true, signal: abort.signal });
    }
    const { subscribers, handled, abandoned, delivered } = bus.stats();
    expect([subscribers.length, handled, abandoned, delivered]).toEqual([0, 3, 6, 9]);
  });

  test("a handler that ends its own subscription has handled its event, and publish says so", async () => {
    const bus = new EventBus<{ a: number }>();
    const once: Subscription = bus.subscribe("a", () => once.unsubscribe());
    expect(await bus.publish("a", 1)).toMatchObject({ handled: 1 });
    expect(bus.stats()).toMatchObject({ delivered: 1, handled: 1, abandoned: 0, inFlight: 0, waiting: 0 });
  });

  test("a handler that ends its own subscription and then never returns has abandoned its event, and publish says so", async () => {
    const bus = new EventBus<{ a: number }>();
    const never = bus.subscribe("a", async () => {
      never.unsubscribe();
      await new Promise(() => {});
    });
    expect(await bus.publish("a", 2)).toMatchObject({ handled: 0, abandoned: 1 });
    expect(bus.stats()).toMatchObject({ delivered: 1, handled: 0, abandoned: 1, inFlight: 0, waiting: 0 });
  });

  test("two stops at once wait for the same handlers once", async () => {
    const timers = new VirtualTimers();
    const bus = new EventBus<{ a: number }>({ timers });
    bus.subscribe("a", () => new Promise<void>((resolve) => timers.after(30, resolve)));
    bus.emit("a", 1);
    await timers.run(Promise.all([bus.stop({ deadlineMs: 1500 }), bus.stop({ deadlineMs: 1500 })]));
    expect(timers.now()).toBe(30);
  });

  test("subscriptions that have ended leave no listener on their signal", () => {
    const other = new EventBus<{ a: number }>();
    const { signal } = new AbortController();
    let listeners = 0;
    signal.addEventListener = () => void listeners++;
    signal.removeEventListener = () => void listeners--;
    for (let i = 0; i < 10; i++) other.subscribe("a", () => {}, { signal }).unsubscribe();
    expect(listeners).toBe(0);
  });

  test("published events are never dropped to make room for emitted ones", async () => {
    const bus = new EventBus<{ a: number }>();
    const gate = Promise.withResolvers<void>();
    bus.subscribe("a", () => gate.promise, { concurrency: 1, buffer: 1, overflow: "drop-oldest" });
    bus.emit("a", 1);
    const published = bus.publish("a", 2);
    for (let i = 0; i < 3; i++) bus.emit("a", i);
    gate.resolve();
    expect(await published).toMatchObject({ handled: 1 });
  });

  test("a handler that ends its own subscription and fails later is reported, and nothing is thrown", async () => {
    const failures: FlowFailure[] = [];
    const bus = new EventBus<{ a: number }>({ onFailure: (failure) => failures.push(failure) });
    const subscription = bus.subscribe("a", async () => {
      subscription.unsubscribe();
      await Promise.resolve();
      throw new Error("later");
    });
    bus.emit("a", 1);
    await settled();
    expect(failures.map(({ error }) => (error as Error).message)).toEqual(["later"]);
  });

  test("an iteration that replays more events than its buffer holds has the latest", async () => {
    const bus = new EventBus<{ a: number }>();
    for (let i = 0; i < 100; i++) bus.emit("a", i);
    const got: number[] = [];
    for await (const { data } of bus.events("a", { replay: true, buffer: 10 })) if (got.push(data) === 10) break;
    expect(got).toEqual([90, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
    expect(bus.stats()).toMatchObject({ failed: 0 });
  });

  test("a bus that is stopped by its own handler stops without waiting for it", async () => {
    const timers = new VirtualTimers();
    const bus = new EventBus<{ a: number }>({ timers });
    let stopping: Promise<void> | undefined;
    bus.subscribe("a", () => {
      stopping ??= bus.stop({ deadlineMs: 3000 });
    });
    bus.emit("a", 1);
    const from = timers.now();
    await timers.run(stopping ?? Promise.reject(new Error("not stopped")));
    expect(timers.now() - from).toBe(0);
  });

  test("a bus that is started while it stops keeps those who subscribe meanwhile", async () => {
    const timers = new VirtualTimers();
    const slow = new EventBus<{ a: number }>({ timers, ...quiet });
    slow.subscribe("a", () => new Promise(() => {}));
    slow.emit("a", 1);
    const old = slow.stop({ deadlineMs: 10 });
    slow.start();
    const got: number[] = [];
    slow.subscribe("a", ({ data }) => void got.push(data));
    await timers.run(old);
    slow.emit("a", 2);
    expect(got).toEqual([2]);
  });

  test("replay: n delivers the last n events that match", () => {
    const bus = new EventBus<{ a: number }>();
    bus.emit("a", 1, { source: "x" });
    bus.emit("a", 2, { source: "y" });
    const got: number[] = [];
    bus.subscribe("a", ({ data }) => void got.push(data), { source: "x", replay: 1 });
    expect(got).toEqual([1]);
  });

  test("an async handler that never had to wait takes no room in the buffer", () => {
    const bus = new EventBus<{ a: number }>();
    bus.subscribe("a", async () => {}, { concurrency: 1, buffer: 0 });
    for (let i = 0; i < 3; i++) bus.emit("a", i);
    expect(bus.stats()).toMatchObject({ handled: 3, dropped: 0, inFlight: 0 });
  });

  test("a handler whose promise has been rejected before it is returned counts as failed", async () => {
    const failures: FlowFailure[] = [];
    const bus = new EventBus<{ a: number }>({ onFailure: (failure) => failures.push(failure) });
    bus.subscribe("a", async () => Promise.reject(new Error("no")));
    expect(await bus.publish("a", 1)).toMatchObject({ handled: 0, failed: 1 });
    expect(failures).toHaveLength(1);
  });

  test("an answer whose `then` throws is a failure of the handler", async () => {
    const told: string[] = [];
    const bus = new EventBus<{ a: number }>({ onFailure: ({ error }) => void told.push((error as Error).message) });
    bus.subscribe("a", () => throwing);
    bus.emit("a", 1);
    await settled();
    expect([told, bus.stats().inFlight]).toEqual([["not so"], 0]);
  });

  test("a stopped part says so", () => {
    expect(new Stopped("x").name).toBe("Stopped");
  });
});
