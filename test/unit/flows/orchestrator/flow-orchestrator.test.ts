import { describe, expect, test } from "bun:test";
import { EventBus, FlowOrchestrator, MessageQueue, type Part } from "../../../../src/flows/index.ts";
import { quiet } from "../../../support/flow-oddities.ts";
import { settled, VirtualTimers } from "../../../support/virtual-timers.ts";

const part = (name: string, change: Partial<Part> = {}): Part => ({
  name,
  stop: async () => {},
  stats: () => ({ n: 1 }),
  health: () => ({ status: "up" }),
  ...change,
});

describe("the flow orchestrator", () => {
  test("a stop reaches the parts that never came up, which may hold something all the same", async () => {
    const timers = new VirtualTimers();
    const flows = new FlowOrchestrator({ timers });
    let stops = 0;
    const stop = async () => {
      stops++;
    };
    flows.register(part("broken", { start: () => Promise.reject(new Error("half open")), stop }), { restart: { max: 0 } });
    const waiting = flows.register(MessageQueue.open<number>("waiting", { timers, ...quiet }), { dependsOn: ["broken"] });
    await timers.run(flows.start());
    await timers.run(flows.stop());
    expect([stops, waiting.health().status]).toEqual([1, "down"]);
  });

  test("parts of an orchestrator that could not start are closed with it", async () => {
    const idle = MessageQueue.open<number>("idle", quiet);
    {
      await using never = new FlowOrchestrator();
      never.register(idle, { dependsOn: ["nobody"] });
      expect(never.start()).rejects.toThrow("idle depends on nobody, which is not registered");
    }
    expect(idle.health()).toEqual({ status: "down", detail: "closed" });
  });

  test("a queue is consumed only once the parts that it depends on are up", async () => {
    const timers = new VirtualTimers();
    const flows = new FlowOrchestrator({ timers });
    let up = false;
    const opening = async () => {
      await new Promise<void>((resolve) => timers.after(100, resolve));
      up = true;
    };
    flows.register(part("db", { start: opening }));
    const queue = flows.register(MessageQueue.open<number>("q", { timers, ...quiet }), { dependsOn: ["db"] });
    const seen: boolean[] = [];
    queue.consume(() => seen.push(up));
    await timers.run(queue.send(1));
    await timers.advance(50);
    expect(seen).toEqual([]);
    await timers.run(flows.start());
    await timers.advance(1);
    expect(seen).toEqual([true]);
    await timers.run(flows.stop());
  });

  test("a part is told how much of the deadline those that stopped before it have left", async () => {
    const timers = new VirtualTimers();
    const flows = new FlowOrchestrator({ timers });
    const told: (readonly [string, number | undefined])[] = [];
    const stopping = (name: string, ms: number): Part =>
      part(name, {
        stop: async ({ deadlineMs } = {}) => {
          told.push([name, deadlineMs]);
          await new Promise<void>((resolve) => timers.after(ms, resolve));
        },
      });
    flows.register(stopping("store", 10));
    flows.register(stopping("queue", 400), { dependsOn: ["store"] });
    flows.register(stopping("face", 200), { dependsOn: ["queue"] });
    await timers.run(flows.start());
    await timers.run(flows.stop({ deadlineMs: 500 }));
    expect(told).toEqual([
      ["face", 500],
      ["queue", 300],
      ["store", 0],
    ]);
  });

  test("health is checked at one interval, however often the orchestrator is started", async () => {
    const timers = new VirtualTimers();
    const flows = new FlowOrchestrator({ timers, checkMs: 20, log: () => {} });
    let looks = 0;
    flows.register(part("p", { health: () => ({ status: ++looks > 0 ? "up" : "down" }) }));
    await timers.run(flows.start());
    await timers.run(flows.start());
    await timers.advance(205);
    expect(looks).toBe(10);
    await timers.run(flows.stop());
  });

  test("an alert on a figure that does not exist is logged, once", async () => {
    const timers = new VirtualTimers();
    const log: string[] = [];
    const flows = new FlowOrchestrator({ timers, checkMs: 20, log: (line) => log.push(line) });
    flows.register(part("p"));
    flows.alert({ part: "p", figure: "failled", above: 0 });
    await timers.run(flows.start());
    await timers.advance(205);
    expect(log.filter((line) => line.includes("failled"))).toEqual(["an alert watches p failled, and there is no such figure"]);
    await timers.run(flows.stop());
  });

  test("an alert without a bound is refused", () => {
    const flows = new FlowOrchestrator();
    flows.register(part("p"));
    expect(() => flows.alert({ part: "p", figure: "failed" })).toThrow("alert: needs `above` or `below`");
  });

  test("parts are stopped though the stop of one throws, and the bus may be one of them", async () => {
    const bus = new EventBus<never>({ name: "bus" });
    const stopped: string[] = [];
    const flows = new FlowOrchestrator({ bus: bus as never });
    flows.register(part("last", { stop: async () => void stopped.push("last") }));
    flows.register(
      part("wrong", {
        stop: () => {
          throw new Error("no");
        },
      }),
    );
    flows.register(bus);
    await flows.start();
    await flows.stop();
    expect(stopped).toEqual(["last"]);
  });

  test("a stop during a start leaves nothing running", async () => {
    const gate = Promise.withResolvers<void>();
    let running = false;
    const flows = new FlowOrchestrator();
    flows.register(
      part("slow", {
        start: async () => {
          await gate.promise;
          running = true;
        },
        stop: async () => {
          running = false;
        },
      }),
    );
    const starting = flows.start();
    await settled();
    const stopping = flows.stop({ deadlineMs: 50 });
    gate.resolve();
    await Promise.all([starting, stopping]);
    expect(running).toBe(false);
  });

  test("a task that throws at once is restarted", async () => {
    const timers = new VirtualTimers();
    let runs = 0;
    const flows = new FlowOrchestrator({ timers, log: () => {} });
    const fails = () => {
      runs++;
      throw new Error("at once");
    };
    flows.task("t", fails, { restart: { backoff: "constant", baseDelay: 10, jitter: "none" } });
    await flows.start();
    await timers.advance(200);
    expect(runs).toBeGreaterThan(5);
    await timers.run(flows.stop());
  });

  test("an alert's callback and a log that throw end no watching", async () => {
    const timers = new VirtualTimers();
    let alerts = 0;
    const log = () => {
      throw new Error("log");
    };
    const flows = new FlowOrchestrator({ timers, checkMs: 10, log });
    let n = 0;
    flows.register(part("p", { stats: () => ({ n: n++ % 2 }) }));
    flows.alert({ part: "p", figure: "n", above: 0 }, () => {
      alerts++;
      throw new Error("alert");
    });
    await flows.start();
    await timers.advance(200);
    expect(alerts).toBeGreaterThan(5);
    await timers.run(flows.stop());
  });

  test("a part that hangs while it starts holds up those that depend on it, and no other", async () => {
    const timers = new VirtualTimers();
    const flows = new FlowOrchestrator({ timers, startMs: 100 });
    const ready = { start: async () => {} };
    flows.register(part("a", ready));
    flows.register(part("b", { start: () => new Promise(() => {}) }), { dependsOn: ["a"] });
    flows.register(part("c", ready), { dependsOn: ["a"] });
    await timers.run(flows.start());
    expect(flows.health().parts).toMatchObject({ a: { state: "up" }, b: { state: "starting" }, c: { state: "up" } });
    await timers.run(flows.stop({ deadlineMs: 0 }));
  });

  test("a part that is stopped and started again has all its restarts again", async () => {
    const timers = new VirtualTimers();
    const flows = new FlowOrchestrator({ timers });
    let runs = 0;
    const fails = async () => {
      runs++;
      throw new Error("no");
    };
    flows.task("t", fails, { restart: { max: 3, backoff: "constant", baseDelay: 1, jitter: "none" } });
    for (const expected of [4, 8]) {
      await timers.run(flows.start());
      await timers.advance(50);
      expect(runs).toBe(expected);
      await timers.run(flows.stop());
    }
  });

  test("an alert's callback that rejects is logged, and a failure listener that rejects does no harm", async () => {
    const timers = new VirtualTimers();
    const rejects = async () => {
      throw new Error("rejected");
    };
    const lines: string[] = [];
    const flows = new FlowOrchestrator({ timers, checkMs: 10, log: (line) => lines.push(line) });
    const bus = flows.register(new EventBus<{ a: number }>({ name: "bus", onFailure: rejects }));
    flows.alert({ part: "bus", figure: "published", above: 0 }, rejects);
    await timers.run(flows.start());
    bus.subscribe("a", () => {
      throw new Error("first");
    });
    bus.emit("a", 1);
    await timers.advance(20);
    expect(lines).toContain("telling of an alert of bus failed: rejected");
    await timers.run(flows.stop());
  });
});
