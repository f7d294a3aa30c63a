import { describe, expect, test } from "bun:test";
import { bytesOf } from "../../../../src/flows/bytes-of.ts";
import { type Delivering, EventBus, type EventBusOptions, type FlowEvent, Stopped } from "../../../../src/flows/index.ts";
import { quiet } from "../../../support/flow-oddities.ts";
import { settled, VirtualTimers } from "../../../support/virtual-timers.ts";

interface Shop {
  order: number;
  paid: string;
}

const shop = (options: EventBusOptions = {}) => new EventBus<Shop>({ ...quiet, ...options });

/** Turns of the loop that a test takes itself. */
class Turns extends VirtualTimers {
  private readonly waiting: (() => void)[] = [];
  readonly soon = (run: () => void): void => void this.waiting.push(run);

  turn(): void {
    for (const run of this.waiting.splice(0)) run();
  }
}

describe("events", () => {
  test("what an event says outlives a copy: spread, cloned, as JSON", () => {
    const event = shop().emit("order", 5, { source: "web", headers: { tenant: "a" } });
    expect(structuredClone(event) as unknown).toEqual({ ...event });
    const { sequence, ...said } = event;
    expect([sequence, JSON.parse(JSON.stringify(event))]).toEqual([1, said]);
  });

  test("ids are the bus's own and count up, past a thousand and past a million", () => {
    const bus = shop({ history: 0 });
    const ids = Array.from({ length: 2002 }, () => bus.emit("order", 1).id);
    const origin = ids[0]?.slice(0, -1) ?? "";
    expect(ids).toEqual(ids.map((_, i) => `${origin}${i + 1}`));
    expect(shop().emit("order", 1).id.startsWith(origin)).toBe(false);
  });

  test.each([
    ["a number", { n: 1 }, "headers.n: must be a text, got 1"],
    ["a list", ["a"], "headers: must be an object of names and texts, got a"],
    ["a text", "a", "headers: must be an object of names and texts, got a"],
  ])("headers that are %s are refused", async (_, headers, sentence) => {
    expect(() => shop().emit("order", 1, { headers: headers as never })).toThrow(sentence);
    expect(shop().publish("order", 1, { headers: headers as never })).rejects.toThrow(sentence);
  });
});

describe("waiting for one event", () => {
  test("once: the first that matches and no other, though its handler emits, and though it takes its time", async () => {
    const bus = shop();
    const seen: unknown[] = [];
    const gate = Promise.withResolvers<void>();
    bus.once("order", ({ data }) => {
      seen.push(data);
      bus.emit("order", 2);
      return gate.promise;
    });
    const first = bus.publish("order", 1);
    bus.emit("order", 3);
    expect(bus.stats()).toMatchObject({ delivered: 1, inFlight: 1, handled: 0 });
    gate.resolve();
    expect([seen, await first]).toEqual([[1], expect.objectContaining({ handled: 1, abandoned: 0 })]);
    await settled();
    expect(bus.stats()).toMatchObject({ delivered: 1, handled: 1, inFlight: 0, subscribers: [] });
  });

  test("once: a remembered event counts, and one from elsewhere does not", () => {
    const bus = shop();
    for (const [data, source] of [
      [1, "a"],
      [2, "b"],
      [3, "b"],
    ] as const)
      bus.emit("order", data, { source });
    const seen: number[] = [];
    bus.once("order", ({ data }) => seen.push(data), { replay: true, source: "b" });
    bus.once("order", ({ data }) => seen.push(data), { source: "c" });
    bus.emit("order", 4, { source: "b" });
    expect(seen).toEqual([2]);
    expect(bus.stats()).toMatchObject({ delivered: 1, handled: 1, subscribers: [{ delivered: 0 }] });
  });

  test("once: a handler still at it when the bus stops is waited for, then aborted", async () => {
    const timers = new VirtualTimers();
    const bus = shop({ timers });
    const signals: AbortSignal[] = [];
    bus.once("order", (_, { signal }: Delivering) => {
      signals.push(signal);
      return new Promise(() => {});
    });
    bus.emit("order", 1);
    await timers.run(bus.stop({ deadlineMs: 20 }));
    expect([timers.now(), signals[0]?.aborted]).toEqual([20, true]);
    expect(bus.stats()).toMatchObject({ delivered: 1, abandoned: 1, inFlight: 0 });
  });

  test("next: the event itself; rejected by its signal, and by a stop", async () => {
    const bus = shop();
    const next = bus.next("order");
    bus.emit("paid", "x");
    bus.emit("order", 7);
    expect((await next).data).toBe(7);
    const abort = new AbortController();
    const given = bus.next("*", { signal: abort.signal });
    abort.abort(new Error("client left"));
    expect(given).rejects.toThrow("client left");
    expect(bus.next("*", { signal: abort.signal })).rejects.toThrow("client left");
    const stopped = bus.next("order");
    await bus.stop();
    expect(stopped).rejects.toBeInstanceOf(Stopped);
    expect(bus.next("order")).rejects.toBeInstanceOf(Stopped);
    await settled();
    expect(bus.stats().subscribers).toEqual([]);
  });
});

describe("what publish answers", () => {
  test("each reason, by its subscriber", async () => {
    const timers = new VirtualTimers();
    const bus = shop({ timers });
    const throws = (text: string) => () => {
      throw new Error(text);
    };
    bus.subscribe("order", throws("no"), { name: "a" });
    bus.subscribe("order", async () => throws("later")(), { name: "b" });
    bus.subscribe("order", () => new Promise(() => {}), { name: "slow", timeoutMs: 5 });
    bus.subscribe("order", () => {}, { name: "well" });
    const leaving = bus.subscribe("order", () => new Promise(() => {}), { name: "gone" });
    const delivering = bus.publish("order", 1);
    leaving.unsubscribe();
    const { reasons, ...counts } = await timers.run(delivering);
    expect(counts).toMatchObject({ handled: 1, failed: 3, abandoned: 1 });
    expect(reasons.map(({ subscriber, error }) => [subscriber, (error as Error).message])).toEqual([
      ["a", "no"],
      ["gone", "the subscription has ended"],
      ["b", "later"],
      ["slow", "took longer than 5 ms"],
    ]);
  });

  test("a signal gives up waiting: what has not begun does not, what has goes on", async () => {
    const bus = shop();
    const gate = Promise.withResolvers<void>();
    const begun: number[] = [];
    bus.subscribe(
      "order",
      ({ data }) => {
        begun.push(data);
        return gate.promise;
      },
      { concurrency: 1 },
    );
    const first = bus.publish("order", 1);
    const abort = new AbortController();
    const second = bus.publish("order", 2, { signal: abort.signal });
    abort.abort(new Error("client left"));
    expect(second).rejects.toThrow("client left");
    expect(bus.publish("order", 3, { signal: abort.signal })).rejects.toThrow("client left");
    gate.resolve();
    await first;
    expect([begun, bus.stats()]).toMatchObject([[1], { published: 2, handled: 1, abandoned: 1, waiting: 0 }]);
    const running = new AbortController();
    const done = bus.publish("order", 4, { signal: running.signal });
    expect((await done).handled).toBe(1);
    running.abort();
  });
});

describe("history in bytes", () => {
  const kept = (bus: EventBus<Record<string, unknown>>) => bus.history().map(({ sequence }: FlowEvent) => sequence);

  test("the oldest go once it is too much, those of a burst after the turn of the loop", () => {
    const timers = new Turns();
    const bus = new EventBus<Record<string, unknown>>({ timers, history: 100, historyBytes: 10_000 });
    for (let i = 0; i < 5; i++) bus.emit("a", { text: "x".repeat(1000) });
    timers.turn();
    expect(kept(bus)).toEqual([2, 3, 4, 5]);
    bus.emit("a", "small");
    timers.turn();
    expect(kept(bus)).toEqual([2, 3, 4, 5, 6]);
    bus.emit("a", "x".repeat(4000));
    timers.turn();
    expect([kept(bus), bus.stats().remembered]).toEqual([[6, 7], 2]);
    bus.emit("a", new Uint8Array(20_000));
    timers.turn();
    expect([kept(bus), bus.stats().remembered]).toEqual([[], 0]);
    bus.emit("a", 1);
    timers.turn();
    expect(kept(bus)).toEqual([9]);
  });

  test("places that are taken again count once", () => {
    const timers = new Turns();
    const bus = new EventBus<Record<string, unknown>>({ timers, history: 4, historyBytes: 10_000 });
    for (let i = 1; i <= 50; i++) {
      bus.emit("a", "x".repeat(1000));
      if (i % 3 === 0) timers.turn();
    }
    timers.turn();
    expect(kept(bus)).toEqual([47, 48, 49, 50]);
  });

  test("what a value weighs is near the truth, whatever it is", () => {
    const around = (value: unknown, bytes: number) => {
      expect(bytesOf(value)).toBeGreaterThan(bytes * 0.5);
      expect(bytesOf(value)).toBeLessThan(bytes * 3);
    };
    around("x".repeat(1000), 2000);
    around({ a: { b: { c: ["x".repeat(5000)] } } }, 10_000);
    around(
      Array.from({ length: 100_000 }, (_, i) => ({ i, text: "x".repeat(50) })),
      100_000 * 150,
    );
    around(new Map([["k", new Uint8Array(4000)]]), 4000);
    around(new Set(["x".repeat(3000)]), 6000);
    around(new Blob(["x".repeat(3000)]), 3000);
    const ring: { self?: unknown; text: string } = { text: "x".repeat(1000) };
    ring.self = ring;
    around(ring, 2000);
    const odd = {
      get bad(): string {
        throw new Error("no");
      },
    };
    expect(bytesOf(odd)).toBeGreaterThan(0);
    expect(bytesOf({ many: Array.from({ length: 1000 }, () => "x".repeat(1000)) }, 5000)).toBeGreaterThan(5000);
  });
});
