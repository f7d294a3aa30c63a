import { afterAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import {
  DataPipeline,
  EventBus,
  type Exposed,
  FlowFace,
  type FlowHeaders,
  FlowOrchestrator,
  MessageQueue,
  ReactiveStream,
  serveFlows,
} from "../../../src/flows.ts";

const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});

async function shop() {
  const flows = new FlowOrchestrator({ name: "shop" });
  const seen: [unknown, FlowHeaders][] = [];
  const bus = flows.register(new EventBus<Record<string, unknown>>({ name: "events" }));
  bus.subscribe("*", ({ data, headers }) => void seen.push([data, headers]));
  flows.register(
    DataPipeline.of<unknown>("orders")
      .stage("see", (value, { headers }) => void seen.push([value, headers]))
      .discard(),
  );
  flows.register(MessageQueue.open<unknown>("jobs"));
  flows.register(ReactiveStream.of<unknown>("prices"));
  await flows.start();
  closing.push(() => flows.stop({ deadlineMs: 10 }));
  return { flows, seen };
}

async function serve(expose?: Exposed) {
  const made = await shop();
  const server = serveFlows(made.flows, expose === undefined ? {} : { expose });
  closing.push(() => server.stop(true));
  const url = `http://127.0.0.1:${server.port}`;
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) =>
    (await fetch(url + path, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", ...headers } }))
      .status;
  return { ...made, url, post };
}

/** Opens a WebSocket; what it is told, and why it was closed. */
async function socket(url: string) {
  const opened = new WebSocket(url.replace("http", "ws"));
  const told: string[] = [];
  const closed = new Promise<number>((resolve) => opened.addEventListener("close", ({ code }) => resolve(code)));
  opened.addEventListener("message", ({ data }) => told.push(String(data)));
  const open = await new Promise<boolean>((resolve) => {
    opened.addEventListener("open", () => resolve(true));
    opened.addEventListener("error", () => resolve(false));
  });
  return { open, told, closed, send: (text: string) => opened.send(text), close: () => opened.close() };
}

const until = async (so: () => boolean) => {
  while (!so()) await Bun.sleep(1);
};

describe("F-7 what clients reach", () => {
  test("nothing that was not named", async () => {
    const { url, post, flows } = await serve({});
    const asked = await Promise.all([post("/pipelines/orders", 1), post("/events", { type: "a" }), post("/queues/jobs", 1)]);
    expect(asked).toEqual([404, 404, 404]);
    for (const path of ["/stats", "/metrics", "/queues/jobs/tasks/1"]) expect((await fetch(url + path)).status).toBe(404);
    expect(Object.keys((await (await fetch(`${url}/healthz`)).json()) as object)).toEqual(["status", "uptime_seconds"]);
    expect((await socket(`${url}/streams/prices`)).open).toBe(false);
    expect(flows.stats().get("jobs")).toMatchObject({ sent: 0 });
  });

  test("each part for what was named, with its own schema", async () => {
    const { url, post, seen } = await serve({
      pipelines: { orders: { access: "submit", schema: z.object({ cents: z.number().positive() }) } },
      queues: { jobs: "read" },
      events: { paid: "publish", order: { access: "publish", schema: z.object({ id: z.number() }) } },
      reports: true,
    });
    expect(await post("/pipelines/orders", { cents: -5 })).toBe(422);
    expect(await post("/pipelines/orders", { cents: 5 })).toBe(202);
    expect(await post("/queues/jobs", 1)).toBe(403);
    expect((await fetch(`${url}/queues/jobs/tasks/1`)).status).toBe(404);
    expect([await post("/events", { type: "paid", data: 1 }), await post("/events", { type: "order", data: 1 })]).toEqual([202, 422]);
    expect(await post("/events", { type: "other", data: 1 })).toBe(422);
    expect((await fetch(`${url}/stats`)).status).toBe(200);
    expect(seen.map(([data]) => data)).toEqual([{ cents: 5 }, 1]);
  });

  test("a stream to be read is not written to by its readers, one to be written tells its writers nothing", async () => {
    const { url, flows } = await serve({ streams: { prices: "read" } });
    const stream = flows.part("prices") as ReactiveStream<unknown>;
    const [reader, forger] = [await socket(`${url}/streams/prices`), await socket(`${url}/streams/prices`)];
    forger.send("1");
    expect(await forger.closed).toBe(1008);
    stream.emit("real");
    await until(() => reader.told.length > 0);
    expect(reader.told).toEqual(['"real"']);
    reader.close();
    const writing = await serve({ streams: { prices: "write" } });
    const got: unknown[] = [];
    (writing.flows.part("prices") as ReactiveStream<unknown>).subscribe((value) => got.push(value));
    const writer = await socket(`${writing.url}/streams/prices`);
    writer.send("7");
    await until(() => got.length > 0);
    expect([got, writer.told]).toEqual([[7], []]);
    writer.close();
  });

  test.each<[string, Exposed, string]>([
    ["a name that is misspelt", { queues: { jbos: "send" } }, "expose.queues.jbos: there is no queue of this name"],
    ["a part of another kind", { streams: { jobs: "read" } }, "expose.streams.jobs: there is no stream of this name"],
    ["a word that is none", { queues: { jobs: "sned" as never } }, "expose.queues.jobs: must be send or read, got sned"],
    ["a word for events", { events: "all" as never }, "expose.events: must be publish, got all"],
  ])("%s is refused at once", async (_, expose, sentence) => {
    const { flows } = await shop();
    expect(() => new FlowFace(flows, { expose })).toThrow(sentence);
  });

  test("the trace of a request goes on to handlers; one that is not well-formed does not", async () => {
    const { post, seen, flows } = await serve();
    const jobs = flows.part("jobs") as MessageQueue<unknown>;
    jobs.consume(({ value, headers }) => void seen.push([value, headers]));
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    await post("/pipelines/orders", 1, { traceparent, tracestate: "a=1" });
    await post("/events", { type: "a", data: 2 }, { traceparent });
    await post("/pipelines/orders", 3, { traceparent: "nonsense" });
    await post("/queues/jobs", 4, { traceparent });
    await jobs.drained();
    expect(seen).toEqual([
      [1, { traceparent, tracestate: "a=1" }],
      [2, { traceparent }],
      [3, {}],
      [4, { traceparent }],
    ]);
  });
});

describe("F-7 a face on a server that has much of its own", () => {
  const upgrades = (request: Request, server: Bun.Server<{ n: number }>) =>
    new URL(request.url).pathname === "/ws" && server.upgrade(request, { data: { n: 1 } });

  const host = () => {
    const server = Bun.serve<{ n: number }>({
      port: 0,
      hostname: "127.0.0.1",
      routes: {
        "/a": new Response("route a"),
        "/b/:id": (request: Bun.BunRequest<"/b/:id">) => new Response(`b ${request.params.id}`),
        "/broken": () => Promise.reject(new Error("no")),
      },
      fetch: (request, its) => (upgrades(request, its) ? undefined : new Response("fallback")),
      error: () => new Response("its own error", { status: 500 }),
      websocket: { message: (ws, message) => void ws.send(`echo ${message} ${ws.data.n}`), perMessageDeflate: true },
    });
    closing.push(() => server.stop(true));
    return { server, url: `http://127.0.0.1:${server.port}` };
  };

  const look = async (url: string) => {
    const texts = ["/a", "/b/7", "/c", "/broken"].map(async (path) => (await fetch(url + path)).text());
    const ws = await socket(`${url}/ws`);
    ws.send("hi");
    await until(() => ws.told.length > 0);
    ws.close();
    return [...(await Promise.all(texts)), ...ws.told];
  };

  test("routes, errors, fetch and WebSockets stay, and its own work beside them; two faces too", async () => {
    const { flows } = await shop();
    const { server, url } = host();
    const before = await look(url);
    expect(before).toEqual(["route a", "b 7", "fallback", "its own error", "echo hi 1"]);
    new FlowFace(flows, { prefix: "/flows" }).attach(server);
    new FlowFace(flows, { prefix: "/more/of", maxBodyBytes: 20 }).attach(server);
    expect(await look(url)).toEqual(before);
    for (const prefix of ["/flows", "/more/of"]) {
      expect((await fetch(`${url}${prefix}/stats`)).status).toBe(200);
      const stream = await socket(`${url}${prefix}/streams/prices`);
      stream.send('"x"');
      await until(() => stream.told.length > 0);
      expect(stream.told).toEqual(['"x"']);
      if (prefix !== "/flows") {
        stream.send(`"${"x".repeat(100)}"`);
        expect(await stream.closed).toBe(1009);
      }
      stream.close();
    }
    await until(() => (flows.part("prices") as ReactiveStream<unknown>).stats().subscribers.length === 0);
  });

  test("what is given goes over what the server had", async () => {
    const { flows } = await shop();
    const { server, url } = host();
    new FlowFace(flows, { prefix: "/flows" }).attach(server, () => new Response("another"));
    const texts = ["/a", "/c", "/flows/healthz"].map(async (path) => (await (await fetch(url + path)).text()).slice(0, 10));
    expect(await Promise.all(texts)).toEqual(["route a", "another", '{"status":']);
    new FlowFace(flows, { prefix: "/flows" }).attach(server, { routes: { "/a": new Response("new a") } });
    expect(await (await fetch(`${url}/a`)).text()).toBe("new a");
  });
});
