import { describe, expect, test } from "bun:test";
import { DataPipeline, EventBus, FlowOrchestrator, type Health, type LifecycleEvents, type Part } from "../../../src/flows/index.ts";
import { figureAt } from "../../../src/flows/orchestrator/alerts.ts";
import { metricsText } from "../../../src/flows/orchestrator/metrics.ts";
import { VirtualTimers } from "../../support/virtual-timers.ts";

const RESTART = { backoff: "constant", baseDelay: 100, jitter: "none" } as const;

/** A part whose every step is the test's. */
class Puppet implements Part {
  state: Health = { status: "up" };
  down: ((error: unknown) => void) | null = null;
  failed = 0;
  starting: () => Promise<void> = async () => {};
  stopping: () => Promise<void> = async () => {};

  constructor(
    readonly name: string,
    private readonly acts: string[],
  ) {}

  async start(): Promise<void> {
    this.acts.push(`start ${this.name}`);
    await this.starting();
  }

  async stop(): Promise<void> {
    this.acts.push(`stop ${this.name}`);
    await this.stopping();
  }

  stats() {
    return { failed: this.failed, stages: [{ name: "price", failed: this.failed * 2 }] };
  }

  health(): Health {
    return this.state;
  }

  onDown(listener: (error: unknown) => void): () => void {
    this.down = listener;
    return () => {
      this.down = null;
    };
  }
}

function stage(timers = new VirtualTimers()) {
  const acts: string[] = [];
  const bus = new EventBus<LifecycleEvents>({ name: "lifecycle", timers });
  const told: string[] = [];
  bus.subscribe("*", (event) => void told.push(event.type === "alert" ? event.data.text : `${event.type} ${event.data.part}`));
  const flows = new FlowOrchestrator({ bus, timers, checkMs: 100 });
  const add = (name: string, dependsOn: string[] = [], restart: object = RESTART) =>
    flows.register(new Puppet(name, acts), { dependsOn, restart: { ...RESTART, ...restart } });
  return { timers, acts, told, flows, add };
}

describe("F-5 FlowOrchestrator", () => {
  test("starts parts after those they depend on and stops them before", async () => {
    const { acts, told, flows, add } = stage();
    add("page", ["stock"]);
    add("stock", ["store"]);
    add("store");
    add("mail");
    await flows.start();
    await flows.stop();
    const started = acts.slice(0, 4);
    expect(started.filter((act) => act !== "start mail")).toEqual(["start store", "start stock", "start page"]);
    expect(started).toContain("start mail");
    expect(acts.slice(4)).toEqual(["stop mail", "stop page", "stop stock", "stop store"]);
    const heard = told.filter((line) => line.startsWith("part.started"));
    expect(heard.filter((line) => !line.endsWith("mail"))).toEqual(["store", "stock", "page"].map((name) => `part.started ${name}`));
    expect(heard).toHaveLength(4);
  });

  test("one that never has started holds up who depends on it and nobody else; start gives up waiting for it", async () => {
    const { timers, acts, flows, add } = stage();
    const slow = add("slow");
    add("top", ["slow"]);
    add("free");
    const begun = Promise.withResolvers<void>();
    slow.starting = () => begun.promise;
    const starting = flows.start();
    await timers.advance(0);
    expect(flows.health().parts).toMatchObject({ slow: { state: "starting" }, top: { state: "waiting" }, free: { state: "up" } });
    await timers.advance(10_000);
    await starting;
    begun.resolve();
    await timers.advance(0);
    expect(flows.health()).toMatchObject({ status: "up", parts: { slow: { state: "up", restarts: 0 }, top: { state: "up" } } });
    expect(acts).toEqual(["start slow", "start free", "start top"]);
    await flows.stop();
  });

  test("stopped while a part starts, that part is stopped when it has", async () => {
    const { timers, acts, flows, add } = stage();
    const begun = Promise.withResolvers<void>();
    add("slow").starting = () => begun.promise;
    const starting = flows.start();
    await flows.stop();
    begun.resolve();
    await starting;
    await timers.advance(0);
    expect(acts).toEqual(["start slow", "stop slow", "stop slow"]);
    expect(flows.health().parts).toMatchObject({ slow: { state: "stopped" } });
  });

  test("a part that cannot tell how it is does not keep the others from telling", async () => {
    const { flows, add } = stage();
    const broken = add("broken");
    add("well");
    broken.health = () => {
      throw new Error("no idea");
    };
    broken.stats = () => {
      throw new Error("no figures");
    };
    await flows.start();
    expect(flows.health()).toMatchObject({
      status: "degraded",
      parts: { broken: { status: "degraded", detail: "its health could not be told: no idea" }, well: { status: "up" } },
    });
    expect(flows.stats().get("broken")).toMatchObject({ error: "no figures" });
    expect(flows.metrics()).toContain('flow_up{part="broken"} 0.5\n');
    await flows.stop();
  });

  test("who stops it again waits for the first stop", async () => {
    const { flows, add } = stage();
    const over = Promise.withResolvers<void>();
    add("slow").stopping = () => over.promise;
    await flows.start();
    const stops = [flows.stop(), flows.stop()];
    let done = 0;
    for (const stop of stops) void stop.then(() => done++);
    await Bun.sleep(1);
    expect(done).toBe(0);
    over.resolve();
    await Promise.all(stops);
    expect(done).toBe(2);
    await flows.stop();
  });

  test("asked to start while it stops, it starts once it has stopped", async () => {
    const { acts, flows, add } = stage();
    const over = Promise.withResolvers<void>();
    add("slow").stopping = () => over.promise;
    await flows.start();
    const stopping = flows.stop();
    const again = flows.start();
    over.resolve();
    await Promise.all([stopping, again]);
    expect(acts).toEqual(["start slow", "stop slow", "start slow"]);
    expect(flows.health().status).toBe("up");
    await flows.stop();
  });

  test("however many parts break their word about the deadline, a stop takes little longer", async () => {
    const { timers, flows, add } = stage();
    for (let i = 0; i < 20; i++) add(`stubborn ${i}`).stopping = () => new Promise(() => {});
    await flows.start();
    const from = timers.now();
    await timers.run(flows.stop({ deadlineMs: 500 }));
    expect(timers.now() - from).toBeLessThanOrEqual(700);
  });

  test("a circle or a part that is not there is named before anything starts", async () => {
    const { acts, flows, add } = stage();
    add("a", ["b"]);
    add("b", ["c"]);
    add("c", ["a"]);
    expect(flows.start()).rejects.toThrow("parts depend on each other in a circle: a → b → c → a");
    const other = stage();
    other.add("a", ["z"]);
    expect(other.flows.start()).rejects.toThrow("a depends on z, which is not registered");
    expect(() => other.add("a")).toThrow("two parts are called a");
    expect(acts).toEqual([]);
  });

  test("a part that fails is restarted with backoff and takes no other down", async () => {
    const { timers, acts, told, flows, add } = stage();
    const shaky = add("shaky");
    add("calm", ["shaky"]);
    await flows.start();
    shaky.down?.(new Error("broke"));
    expect(flows.health()).toMatchObject({ status: "down", parts: { shaky: { status: "down", state: "failed" }, calm: { status: "up" } } });
    await timers.advance(99);
    expect(acts).toEqual(["start shaky", "start calm"]);
    await timers.advance(1);
    expect(acts).toEqual(["start shaky", "start calm", "start shaky"]);
    expect(flows.health()).toMatchObject({ status: "up", parts: { shaky: { restarts: 1 } } });
    expect(told.slice(-2)).toEqual(["part.failed shaky", "part.started shaky"]);
    await flows.stop();
  });

  test("one that will not start is tried again; who depends on it waits, others do not; after the last try it stays down", async () => {
    const { timers, acts, flows, add } = stage();
    const base = add("base");
    add("top", ["base"]);
    add("free");
    let tries = 0;
    base.starting = async () => {
      if (++tries < 3) throw new Error("not yet");
    };
    const hopeless = add("hopeless", [], { max: 2 });
    hopeless.starting = () => Promise.reject(new Error("never"));
    await flows.start();
    expect(flows.health().parts).toMatchObject({ base: { state: "failed" }, top: { state: "waiting" }, free: { state: "up" } });
    await timers.advance(1000);
    expect(flows.health().parts).toMatchObject({
      base: { state: "up", restarts: 2 },
      top: { state: "up" },
      hopeless: { state: "failed", restarts: 2 },
    });
    expect(acts.filter((act) => act === "start hopeless")).toHaveLength(3);
    await flows.stop();
  });

  test("health and figures are looked at: degraded, recovered, alerts raised and gone, each told once", async () => {
    const { timers, told, flows, add } = stage();
    const part = add("prices");
    const seen: boolean[] = [];
    flows.alert({ part: "prices", figure: "stages.price.failed", above: 5 }, ({ raised }) => seen.push(raised));
    await flows.start();
    part.state = { status: "degraded", detail: "slow" };
    part.failed = 3;
    await timers.advance(350);
    expect(flows.metrics()).toContain('flow_alerts_raised{part="lifecycle"} 1\n');
    part.state = { status: "up" };
    part.failed = 1;
    await timers.advance(350);
    expect(told.slice(1)).toEqual([
      "part.degraded prices",
      "prices stages.price.failed is 6, above 5",
      "part.recovered prices",
      "prices stages.price.failed is 2, no longer above 5",
    ]);
    expect(seen).toEqual([true, false]);
    await flows.stop();
  });

  test("a stop ends by its deadline whatever a part does", async () => {
    const { timers, acts, flows, add } = stage();
    const stubborn = add("stubborn");
    stubborn.stopping = () => new Promise(() => {});
    add("after", ["stubborn"]);
    await flows.start();
    const from = timers.now();
    await timers.run(flows.stop({ deadlineMs: 500 }));
    expect(timers.now() - from).toBeLessThanOrEqual(700);
    expect(acts.slice(2)).toEqual(["stop after", "stop stubborn"]);
  });

  test("a task runs as long as it is let; one that ends or throws is restarted", async () => {
    const { timers, flows } = stage();
    let runs = 0;
    flows.task(
      "feed",
      async (signal) => {
        runs++;
        if (runs === 1) throw new Error("threw");
        if (runs === 2) return;
        await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      },
      { restart: RESTART },
    );
    await flows.start();
    await timers.advance(1000);
    expect([runs, flows.health().status, flows.health().parts["feed"]?.restarts]).toEqual([3, "up", 2]);
    await flows.stop();
    expect(flows.health().parts["feed"]?.state).toBe("stopped");
  });

  test("real parts: await using starts nothing and stops all; figures of all are in the metrics", async () => {
    const out: number[] = [];
    {
      await using flows = new FlowOrchestrator({ name: "shop" });
      const pipeline = flows.register(
        DataPipeline.of<number>("prices")
          .stage("double", (value) => value * 2)
          .into((value) => void out.push(value)),
      );
      await flows.start();
      for (let i = 0; i < 5; i++) await pipeline.feed(i);
      expect(flows.metrics()).toContain('flow_stages_in_total{part="prices",name="double"} 5\n');
      expect(flows.stats().get("prices")).toMatchObject({ fed: 5, delivered: 5, restarts: 0 });
    }
    expect(out).toEqual([0, 2, 4, 6, 8]);
  });
});

describe("F-5 figures", () => {
  test("are found by their path, members of lists by their name", () => {
    const stats = { failed: 1, text: "x", stages: [{ name: "a", failed: 2 }], nested: { deep: 3 } };
    expect(
      ["failed", "stages.a.failed", "nested.deep", "text", "stages.b.failed", "constructor.name"].map((path) => figureAt(stats, path)),
    ).toEqual([1, 2, 3, null, null, null]);
  });

  test("are OpenMetrics text, with names escaped", () => {
    expect(
      metricsText(new Map([['a"\n', { sentTotal: 1, ok: true, list: [{ name: "x\\y", n: 2 }], bad: Number.POSITIVE_INFINITY }]])),
    ).toBe(
      '# TYPE flow_list_n gauge\nflow_list_n{part="a\\"\\n",name="x\\\\y"} 2\n# TYPE flow_ok gauge\nflow_ok{part="a\\"\\n"} 1\n' +
        '# TYPE flow_sent_total gauge\nflow_sent_total{part="a\\"\\n"} 1\n# EOF\n',
    );
  });
});
