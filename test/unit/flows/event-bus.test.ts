import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { EventBus, type FlowFailure, Stopped } from "../../../src/flows/index.ts";
import { rounds } from "../../support/campaign.ts";
import { quiet } from "../../support/flow-oddities.ts";
import { settled, VirtualTimers } from "../../support/virtual-timers.ts";

interface Shop {
  order: { id: number };
  paid: { id: number; cents: number };
  closed: null;
}

function balanced(stats: { [figure: string]: unknown }): boolean {
  const n = (figure: string) => stats[figure] as number;
  return n("delivered") === n("handled") + n("failed") + n("dropped") + n("abandoned") + n("waiting") + n("inFlight");
}

describe("F-1 EventBus", () => {
  test("a name means nothing but itself, whatever it is", () => {
    const bus = new EventBus<Record<string, number>>();
    const heard: string[] = [];
    const names = ["__proto__", "constructor", "hasOwnProperty", "toString", "0", ""];
    for (const name of names) bus.subscribe(name, ({ type, data }) => heard.push(`${type} ${data}`));
    for (const [i, name] of names.entries()) bus.emit(name, i);
    bus.emit("valueOf", 9);
    expect(heard).toEqual(names.map((name, i) => `${name} ${i}`));
  });

  test("an event has id, type, time, source and data, and says so as JSON", () => {
    const timers = new VirtualTimers();
    const bus = new EventBus<Shop>({ name: "shop", timers });
    const seen: unknown[] = [];
    bus.subscribe("order", (event) => seen.push(JSON.parse(JSON.stringify(event))));
    bus.emit("order", { id: 7 }, { source: "till" });
    bus.emit("order", { id: 8 });
    expect(seen).toEqual([
      { id: expect.stringMatching(/^[0-9a-f-]+-1$/), type: "order", time: timers.wall(), source: "till", data: { id: 7 } },
      { id: expect.stringMatching(/-2$/), type: "order", time: timers.wall(), source: "shop", data: { id: 8 } },
    ]);
  });

  test("publish resolves when all handlers have ended, at once and not in turn", async () => {
    const bus = new EventBus<Shop>();
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const began: number[] = [];
    for (const [i, gate] of gates.entries())
      bus.subscribe("order", () => {
        began.push(i);
        return gate.promise;
      });
    let delivered = false;
    const publishing = bus.publish("order", { id: 1 }).then((delivery) => {
      delivered = true;
      return delivery;
    });
    await settled();
    expect(began).toEqual([0, 1]);
    gates[1]?.resolve();
    await settled();
    expect(delivered).toBe(false);
    gates[0]?.resolve();
    expect(await publishing).toMatchObject({ handled: 2, failed: 0, abandoned: 0 });
  });

  test("a handler that throws, rejects or never returns is nobody else's trouble, and is reported", async () => {
    const timers = new VirtualTimers();
    const failures: FlowFailure[] = [];
    const bus = new EventBus<Shop>({ timers, onFailure: (failure) => failures.push(failure) });
    let told = 0;
    bus.subscribe(
      "order",
      () => {
        throw new Error("no");
      },
      { name: "thrower" },
    );
    bus.subscribe("order", () => Promise.reject(new Error("nor this")), { name: "rejecter" });
    bus.subscribe("order", () => new Promise<void>(() => {}), { name: "sleeper", timeoutMs: 100 });
    bus.subscribe("order", () => new Promise<void>(() => {}), { name: "dead", concurrency: 2 });
    bus.subscribe("order", () => void told++, { name: "healthy" });
    const publishing = bus.publish("order", { id: 1 });
    for (let i = 0; i < 9; i++) bus.emit("order", { id: i });
    await timers.advance(40_000);
    expect(told).toBe(10);
    const by = Object.fromEntries(bus.stats().subscribers.map((each) => [each.name, each]));
    expect(by["thrower"]).toMatchObject({ delivered: 10, failed: 10 });
    expect(by["rejecter"]).toMatchObject({ delivered: 10, failed: 10 });
    expect(by["sleeper"]).toMatchObject({ delivered: 10, failed: 10 });
    expect(by["dead"]).toMatchObject({ delivered: 10, inFlight: 2, waiting: 8, oldestMs: 40_000 });
    expect(by["healthy"]).toMatchObject({ delivered: 10, handled: 10 });
    expect(new Set(failures.map(({ place, error }) => `${place}: ${(error as Error).message}`))).toEqual(
      new Set(["thrower: no", "rejecter: nor this", "sleeper: took longer than 100 ms"]),
    );
    expect(bus.health()).toEqual({ status: "degraded", detail: "dead has been at one event for 40 s" });
    const stopping = bus.stop({ deadlineMs: 500 });
    await timers.advance(500);
    await stopping;
    expect(await publishing).toMatchObject({ handled: 1, failed: 3, abandoned: 1 });
    expect(bus.stats()).toMatchObject({ abandoned: 10, inFlight: 0, waiting: 0 });
    expect(balanced(bus.stats())).toBe(true);
  });

  test("a handler's signal is aborted when its time is up, and when its subscription ends", async () => {
    const timers = new VirtualTimers();
    const bus = new EventBus<Shop>({ timers, ...quiet });
    const aborted: string[] = [];
    const wait =
      (name: string) =>
      (_: unknown, { signal }: { signal: AbortSignal }) =>
        new Promise<void>(() => signal.addEventListener("abort", () => aborted.push(name)));
    bus.subscribe("order", wait("limited"), { timeoutMs: 10 });
    const left = bus.subscribe("order", wait("left"));
    bus.emit("order", { id: 1 });
    await timers.advance(10);
    expect(aborted).toEqual(["limited"]);
    left.unsubscribe();
    expect(aborted).toEqual(["limited", "left"]);
  });

  test("emit does not wait: beyond the buffer of a busy subscriber events are dropped, by the rule it chose", async () => {
    const bus = new EventBus<Shop>();
    const got: Record<string, number[]> = { "drop-newest": [], "drop-oldest": [] };
    const gate = Promise.withResolvers<void>();
    for (const overflow of ["drop-newest", "drop-oldest"] as const)
      bus.subscribe(
        "order",
        async ({ data }) => {
          got[overflow]?.push(data.id);
          await gate.promise;
        },
        { concurrency: 1, buffer: 2, overflow, name: overflow },
      );
    for (let id = 0; id < 6; id++) bus.emit("order", { id });
    expect(bus.stats().subscribers).toMatchObject([
      { dropped: 3, waiting: 2 },
      { dropped: 3, waiting: 2 },
    ]);
    gate.resolve();
    await settled();
    expect(got).toEqual({ "drop-newest": [0, 1, 2], "drop-oldest": [0, 4, 5] });
  });

  test("history is bounded, filtered by type, source and time, and replayed to who comes late", () => {
    const timers = new VirtualTimers();
    const bus = new EventBus<Shop>({ history: 4, timers });
    const start = timers.wall();
    for (let id = 0; id < 3; id++) bus.emit("order", { id }, { source: id === 1 ? "web" : "till" });
    void timers.advance(1000);
    bus.emit("paid", { id: 1, cents: 5 });
    bus.emit("order", { id: 3 });
    expect(bus.history().map(({ type }) => type)).toEqual(["order", "order", "paid", "order"]);
    expect(bus.history({ type: "order" }).map(({ data }) => data.id)).toEqual([1, 2, 3]);
    expect(bus.history({ source: ["web"] })).toHaveLength(1);
    expect(bus.history({ until: start + 1 })).toHaveLength(4);
    expect(bus.history({ since: start + 1 })).toHaveLength(0);
    expect(bus.history({}, 2).map(({ sequence }) => sequence)).toEqual([4, 5]);
    const late: number[] = [];
    bus.subscribe("order", ({ data }) => late.push(data.id), { replay: true });
    bus.subscribe("order", ({ data }) => late.push(data.id * 10), { replay: 1 });
    bus.emit("order", { id: 4 });
    expect(late).toEqual([1, 2, 3, 30, 4, 40]);
  });

  test("a subscription ends by itself, by a signal, and with using; `*` hears all", () => {
    const bus = new EventBus<Shop>();
    const heard: string[] = [];
    const abort = new AbortController();
    bus.subscribe("*", ({ type }) => heard.push(`all ${type}`), { signal: abort.signal });
    {
      using _ = bus.subscribe(["order", "paid"], ({ type }) => heard.push(`two ${type}`));
      bus.emit("order", { id: 1 });
    }
    const { unsubscribe } = bus.subscribe("paid", () => heard.push("gone"));
    unsubscribe();
    bus.emit("paid", { id: 1, cents: 1 });
    abort.abort();
    bus.emit("closed", null);
    expect(heard).toEqual(["all order", "two order", "all paid"]);
  });

  test("events can be iterated; leaving the loop unsubscribes, stopping the bus ends it", async () => {
    const bus = new EventBus<Shop>();
    const seen: number[] = [];
    const reading = (async () => {
      for await (const { data } of bus.events("order")) {
        seen.push(data.id);
        if (data.id === 1) break;
      }
    })();
    for (let id = 0; id < 3; id++) bus.emit("order", { id });
    await reading;
    expect([seen, bus.stats().subscribers]).toEqual([[0, 1], []]);
    const rest = bus.events("paid");
    const last = rest.next();
    await bus.stop();
    expect(await last).toEqual({ done: true, value: undefined });
    expect(() => bus.emit("order", { id: 1 })).toThrow(Stopped);
    expect(bus.publish("order", { id: 1 })).rejects.toThrow("has stopped");
  });

  test("every delivery is accounted for, whatever handlers do", async () => {
    const behaviour = fc.constantFrom("return", "throw", "resolve", "reject", "never", "resolve later");
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ behaviour, concurrency: fc.integer({ min: 1, max: 3 }), buffer: fc.integer({ min: 0, max: 4 }) }), {
          maxLength: 5,
        }),
        fc.array(fc.record({ publish: fc.boolean(), pause: fc.integer({ min: 0, max: 3 }) }), { maxLength: 30 }),
        async (subscribers, acts) => {
          const timers = new VirtualTimers();
          const bus = new EventBus<Shop>({ timers, ...quiet });
          for (const { behaviour, ...options } of subscribers)
            bus.subscribe(
              "order",
              () => {
                if (behaviour === "throw") throw new Error("thrown");
                if (behaviour === "reject") return Promise.reject(new Error("rejected"));
                if (behaviour === "resolve") return Promise.resolve();
                if (behaviour === "never") return new Promise(() => {});
                if (behaviour === "resolve later") return new Promise<void>((resolve) => timers.after(2, resolve));
                return undefined;
              },
              options,
            );
          const published: Promise<{ handled: number; failed: number; abandoned: number }>[] = [];
          for (const { publish, pause } of acts) {
            if (publish) published.push(bus.publish("order", { id: 1 }));
            else bus.emit("order", { id: 2 });
            if (pause > 0) await timers.advance(pause);
            expect(balanced(bus.stats())).toBe(true);
            for (const each of bus.stats().subscribers) expect(balanced(each)).toBe(true);
          }
          const stopping = bus.stop({ deadlineMs: 10 });
          await timers.advance(10);
          await stopping;
          for (const { handled, failed, abandoned } of await Promise.all(published))
            expect(handled + failed + abandoned).toBe(subscribers.length);
          expect(balanced(bus.stats())).toBe(true);
          expect(bus.stats()).toMatchObject({ waiting: 0, inFlight: 0, delivered: acts.length * subscribers.length });
        },
      ),
      { numRuns: rounds(60) },
    );
  });

  test("a wrong name or payload does not compile", () => {
    const bus = new EventBus<Shop>();
    // @ts-expect-error: no such event
    bus.subscribe("ordered", () => {});
    // @ts-expect-error: an order has an id
    bus.emit("order", { number: 1 });
    // @ts-expect-error: cents are missing
    void bus.publish("paid", { id: 1 });
    bus.subscribe("paid", ({ data }) => {
      // @ts-expect-error: cents are a number
      const text: string = data.cents;
      return text;
    });
    bus.subscribe(["order", "paid"], (event) => (event.type === "paid" ? event.data.cents : event.data.id));
    expect(bus.stats().subscribers).toHaveLength(3);
  });
});
