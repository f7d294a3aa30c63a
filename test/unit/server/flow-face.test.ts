import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { connect } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import fc from "fast-check";
import { z } from "zod";
import {
  DataPipeline,
  EventBus,
  FlowFace,
  FlowOrchestrator,
  MessageQueue,
  ReactiveStream,
  type ServeFlowsOptions,
  type SocketData,
  serveFlows,
} from "../../../src/flows.ts";
import { patience, rounds } from "../../support/campaign.ts";

setDefaultTimeout(patience(60_000));

const TOKEN = "0123456789abcdefghijklmnop";
const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});

async function serve(options: ServeFlowsOptions = {}) {
  const flows = new FlowOrchestrator({ name: "test" });
  const got: unknown[] = [];
  const bus = flows.register(new EventBus<Record<string, unknown>>({ name: "events", onFailure: () => {} }));
  bus.subscribe("*", ({ type, source, data }) => void got.push({ type, source, data }));
  flows.register(
    DataPipeline.of<unknown>("double", { onFailure: () => {} })
      .stage("double", (value) => Number(value) * 2, { buffer: 4 })
      .into((value) => void got.push(value)),
  );
  flows.register(
    DataPipeline.of<unknown>("stuck")
      .stage("wait", () => new Promise<number>(() => {}), { buffer: 1 })
      .discard(),
  );
  const queue = flows.register(MessageQueue.open<unknown>("tasks", { onFailure: () => {}, capacity: 500 }));
  flows.register(ReactiveStream.of<unknown>("live").transform((value) => ({ echo: value })));
  await flows.start();
  const errors: unknown[] = [];
  const server = serveFlows(flows, { onError: (error) => errors.push(error), rateLimit: { perSecond: 1e6, burst: 1e6 }, ...options });
  closing.push(async () => {
    await server.stop(true);
    await flows.stop({ deadlineMs: 10 });
  });
  const url = `http://127.0.0.1:${server.port}`;
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(url + path, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { "content-type": "application/json", ...headers },
    });
  return { flows, queue, server, url, post, got, errors };
}

/** What the server answers to these very bytes. */
function raw(port: number, text: string | Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.on("data", (data) => {
      answer += data.toString("latin1");
      if (/\r\n\r\n/.test(answer)) socket.end();
    });
    socket.on("close", () => resolve(answer));
    socket.on("error", () => resolve(answer));
    socket.setTimeout(1500, () => socket.destroy());
  });
}

describe("F-7 flows over HTTP", () => {
  test("a pipeline takes data, a bus takes events", async () => {
    const { post, got } = await serve();
    const submitted = await post("/pipelines/double", 21);
    expect([submitted.status, await submitted.json()]).toEqual([202, { status: "accepted", task_id: expect.any(String) }]);
    const published = await post("/events", { type: "order", data: { id: 1 }, source: "web" });
    expect([published.status, await published.json()]).toEqual([202, { status: "published", task_id: expect.stringMatching(/-1$/) }]);
    expect(got).toEqual([42, { type: "order", source: "web", data: { id: 1 } }]);
  });

  test("a queue takes a task and tells how it stands", async () => {
    const { url, post, queue } = await serve();
    const queued = await post("/queues/tasks?priority=3&delayMs=0", { mail: "x" }, { "idempotency-key": "k1" });
    expect([queued.status, queued.headers.get("location"), await queued.json()]).toEqual([
      202,
      "/queues/tasks/tasks/1",
      { status: "queued", task_id: "1" },
    ]);
    expect(await (await post("/queues/tasks", { mail: "x" }, { "idempotency-key": "k1" })).json()).toEqual({
      status: "known",
      task_id: "1",
    });
    const state = async () => ((await (await fetch(`${url}/queues/tasks/tasks/1`)).json()) as { state: string }).state;
    expect(await state()).toBe("waiting");
    const gate = Promise.withResolvers<void>();
    queue.consume(() => gate.promise);
    while ((await state()) !== "working") await Bun.sleep(1);
    gate.resolve();
    while ((await state()) !== "done") await Bun.sleep(1);
    expect((await fetch(`${url}/queues/tasks/tasks/99`)).status).toBe(404);
    expect((await post("/queues/tasks?priority=high", {})).status).toBe(422);
  });

  test("health, statistics, metrics", async () => {
    const { flows, url, post } = await serve();
    await post("/pipelines/double", 1);
    const health = await fetch(`${url}/healthz`);
    expect([health.status, await health.json()]).toMatchObject([
      200,
      { status: "up", uptime_seconds: expect.any(Number), parts: { live: { status: "up" } } },
    ]);
    expect(await (await fetch(`${url}/stats`)).json()).toMatchObject({ double: { fed: 1, delivered: 1 } });
    const metrics = await fetch(`${url}/metrics`);
    expect(metrics.headers.get("content-type")).toStartWith("application/openmetrics-text");
    expect(await metrics.text()).toContain('flow_delivered_total{part="double"} 1\n');
    await flows.stop({ deadlineMs: 1 });
    expect((await fetch(`${url}/healthz`)).status).toBe(503);
    expect((await post("/pipelines/double", 1)).status).toBe(503);
  });

  test("what is wrong with a request is said, as problem+json, with the right status", async () => {
    const { url, post } = await serve({
      maxBodyBytes: 1000,
      schemas: { pipelines: { double: z.number().int() }, events: { order: z.object({ id: z.number() }) } },
    });
    const status = async (answer: Promise<Response>) => {
      const response = await answer;
      expect(response.headers.get("content-type")).toBe("application/problem+json");
      const problem = (await response.json()) as { status: number; title: string; detail: string; errors?: string[] };
      expect(problem.status).toBe(response.status);
      return [response.status, problem.errors?.[0] ?? problem.detail];
    };
    const json = { "content-type": "application/json" };
    expect(await status(fetch(`${url}/nothing`))).toEqual([404, "there is nothing at this path"]);
    expect(await status(post("/pipelines/none", 1))).toEqual([404, "there is no pipeline of this name"]);
    expect(await status(post("/pipelines/tasks", 1))).toEqual([404, "there is no pipeline of this name"]);
    expect(await status(fetch(`${url}/pipelines/double`))).toEqual([405, "this path takes POST"]);
    expect(await status(post("/pipelines/double", "{no"))).toEqual([400, "the body is not JSON"]);
    expect(await status(post("/pipelines/double", 1.5))).toEqual([422, expect.stringContaining("int")]);
    expect(await status(post("/pipelines/double", "1", { "content-type": "text/plain" }))).toEqual([
      415,
      "the body must be application/json",
    ]);
    expect(await status(post("/pipelines/double", JSON.stringify("x".repeat(2000))))).toEqual([413, "a body may have 1000 bytes"]);
    const chunked = new ReadableStream({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode(" ".repeat(600)));
      },
    });
    expect(await status(fetch(`${url}/pipelines/double`, { method: "POST", body: chunked, headers: json }))).toEqual([
      413,
      "a body may have 1000 bytes",
    ]);
    expect(await status(post("/events", { data: 1 }))).toEqual([422, "an event has a type, a text of 1 to 200 characters"]);
    expect(await status(post("/events", { type: "constructor" }))).toEqual([422, "there is no event of this type"]);
    expect(await status(post("/events", { type: "order", data: { id: "x" } }))).toEqual([422, expect.stringMatching(/^id: /)]);
    expect(await status(fetch(`${url}/streams/live`))).toEqual([426, "a stream speaks WebSocket"]);
    expect(await status(fetch(`${url}/queues/tasks/tasks/%zz`))).toEqual([400, "the path is not properly encoded"]);
  });

  test("full is 503 with Retry-After, never an endless wait", async () => {
    const { post } = await serve();
    const statuses: number[] = [];
    for (let i = 0; i < 4; i++) {
      const response = await post("/pipelines/stuck", i);
      statuses.push(response.status);
      if (response.status === 503) expect(response.headers.get("retry-after")).toBe("1");
    }
    expect(statuses).toEqual([202, 202, 503, 503]);
    const queued = await Promise.all(Array.from({ length: 502 }, (_, i) => post("/queues/tasks", i)));
    expect(queued.filter(({ status }) => status === 503).length).toBe(2);
  });

  test("foreign origins and hosts are refused, one's own and allowed ones are not", async () => {
    const { url, post, server } = await serve({ allowedOrigins: ["https://app.example"], allowedHosts: ["lab.internal"] });
    const own = `http://127.0.0.1:${server.port}`;
    for (const [headers, status] of [
      [{ origin: "https://evil.example" }, 403],
      [{ origin: "null" }, 403],
      [{ origin: own }, 202],
      [{ origin: "https://app.example" }, 202],
      [{ host: "evil.example" }, 403],
      [{ host: `localhost:${server.port}` }, 202],
      [{ host: "lab.internal" }, 202],
      [{ host: "127.0.0.1.evil.example" }, 403],
    ] as const)
      expect([headers, (await post("/pipelines/double", 1, headers as never)).status]).toEqual([headers, status]);
    const socket = await raw(
      server.port as number,
      `GET /streams/live HTTP/1.1\r\nHost: ${new URL(url).host}\r\nOrigin: https://evil.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
    expect(socket).toStartWith("HTTP/1.1 403");
  });

  test("the page of an allowed origin may ask from its browser, preflight and all; no other may", async () => {
    const { url, post } = await serve({ allowedOrigins: ["https://app.example"], token: TOKEN });
    const preflight = (origin: string) =>
      fetch(`${url}/pipelines/double`, { method: "OPTIONS", headers: { origin, "access-control-request-method": "POST" } });
    const allowed = await preflight("https://app.example");
    expect([
      allowed.status,
      allowed.headers.get("access-control-allow-origin"),
      allowed.headers.get("access-control-allow-headers"),
    ]).toEqual([204, "https://app.example", "authorization, content-type, idempotency-key, traceparent, tracestate, x-correlation-id"]);
    expect((await preflight("https://evil.example")).status).toBe(403);
    const answer = await post("/pipelines/double", 1, { origin: "https://app.example", authorization: `Bearer ${TOKEN}` });
    expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([202, "https://app.example"]);
  });

  test("a body of any size over the limit is told why; a full queue never holds a request, whatever its own rule", async () => {
    const { url, post, flows } = await serve();
    const large = await post("/pipelines/double", JSON.stringify("x".repeat(3_000_000)));
    expect([large.status, large.headers.get("content-type")]).toEqual([413, "application/problem+json"]);
    const tasks = flows.part("tasks") as MessageQueue<unknown>;
    await tasks.sendAll(Array.from({ length: 500 }, (_, i) => i));
    expect((await post("/queues/tasks", 1)).status).toBe(503);
    expect((await fetch(`${url}/stats`)).status).toBe(200);
  });

  test("with a token nothing is answered without it; without one it listens on this machine only", async () => {
    const { url, post, flows } = await serve({ token: TOKEN });
    expect((await fetch(`${url}/stats`)).status).toBe(401);
    for (const wrong of ["", "x", `${TOKEN}x`, TOKEN.slice(1), TOKEN.toUpperCase()])
      expect((await fetch(`${url}/stats`, { headers: { authorization: `Bearer ${wrong}` } })).status).toBe(401);
    expect((await post("/pipelines/double", 1, { authorization: `Bearer ${TOKEN}` })).status).toBe(202);
    expect(() => serveFlows(flows, { hostname: "0.0.0.0" })).toThrow("to listen on 0.0.0.0, where others can ask, a token is needed");
    expect(() => serveFlows(flows, { hostname: "0.0.0.0", token: "short" })).toThrow("token: must have at least 128 bits");
  });

  test("on all addresses it answers to those this machine has, and to no other name", async () => {
    const { flows } = await serve();
    const server = serveFlows(flows, { hostname: "0.0.0.0", token: TOKEN });
    closing.push(() => server.stop(true));
    const ask = async (host: string) => {
      const headers = { authorization: `Bearer ${TOKEN}`, host };
      return (await fetch(`http://127.0.0.1:${server.port}/stats`, { headers })).status;
    };
    const own = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    for (const { address, family } of own) expect(await ask(`${family === "IPv6" ? `[${address}]` : address}:${server.port}`)).toBe(200);
    expect(await ask(hostname())).toBe(200);
    expect(await ask("rebound.example")).toBe(403);
  });

  test("an event's id is its own, whatever its handlers tell the bus", async () => {
    const { post, flows } = await serve();
    const bus = flows.part("events") as EventBus<Record<string, unknown>>;
    bus.subscribe("order", () => void bus.emit("audit", {}));
    const ids = [];
    for (let i = 0; i < 2; i++)
      ids.push(((await (await post("/events", { type: "order", data: { id: i } })).json()) as { task_id: string }).task_id);
    expect(ids).toEqual([expect.stringMatching(/-1$/), expect.stringMatching(/-3$/)]);
  });

  test("one address may ask so often, then it is told to wait", async () => {
    const { url } = await serve({ rateLimit: { perSecond: 1, burst: 3 } });
    const answers = [];
    for (let i = 0; i < 5; i++) answers.push(await fetch(`${url}/stats`));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
    expect(answers[4]?.headers.get("retry-after")).toBe("1");
  });

  test("a face is part of a server of one's own", async () => {
    const { flows } = await serve();
    const face = new FlowFace(flows, { prefix: "/flows" });
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request, server) => {
        const mine = new URL(request.url).pathname === "/";
        return mine ? new Response("mine") : (face.fetch(request, server) as Promise<Response>);
      },
      websocket: face.websocket,
    });
    closing.push(() => server.stop(true));
    expect(await (await fetch(`http://127.0.0.1:${server.port}/`)).text()).toBe("mine");
    expect((await fetch(`http://127.0.0.1:${server.port}/flows/stats`)).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${server.port}/stats`)).status).toBe(404);
  });
});

describe("F-7 a face on a server that is running", () => {
  test("takes what begins with its prefix, sockets too, and leaves the rest", async () => {
    const { flows } = await serve();
    const mine = () => new Response("mine");
    const server = Bun.serve<SocketData, never>({
      hostname: "127.0.0.1",
      port: 0,
      fetch: mine,
      websocket: { message: () => {} },
    });
    closing.push(() => server.stop(true));
    expect(() => new FlowFace(flows).attach(server, mine)).toThrow("needs a prefix");
    new FlowFace(flows, { prefix: "/flows" }).attach(server, mine);
    const url = `http://127.0.0.1:${server.port}`;
    expect(await (await fetch(`${url}/stats`)).text()).toBe("mine");
    expect((await fetch(`${url}/flows/stats`)).status).toBe(200);
    const socket = new WebSocket(`${url.replace("http", "ws")}/flows/streams/live`);
    const answer = new Promise<string>((resolve) => {
      socket.onmessage = ({ data }) => resolve(String(data));
    });
    socket.onopen = () => socket.send("1");
    expect(await answer).toBe('{"echo":1}');
    socket.close();
    const open = Bun.serve<SocketData, never>({ hostname: "0.0.0.0", port: 0, fetch: mine, websocket: { message: () => {} } });
    closing.push(() => open.stop(true));
    expect(() => new FlowFace(flows, { prefix: "/flows" }).attach(open, mine)).toThrow("a token is needed");
  });
});

describe("F-7 streams over WebSocket", () => {
  const opened = (url: string, protocols?: string[]) =>
    new Promise<WebSocket>((resolve, reject) => {
      const socket = new WebSocket(url.replace("http", "ws"), protocols);
      socket.onopen = () => resolve(socket);
      socket.onerror = () => reject(new Error("refused"));
    });
  const closed = (socket: WebSocket) =>
    new Promise<[number, string]>((resolve) => (socket.onclose = ({ code, reason }) => resolve([code, reason])));

  test("what one sends all receive, transformed", async () => {
    const { url, flows } = await serve();
    const sockets = await Promise.all([1, 2, 3].map(() => opened(`${url}/streams/live`)));
    const received = Promise.all(
      sockets.map((socket) => new Promise((resolve) => (socket.onmessage = ({ data }) => resolve(JSON.parse(data))))),
    );
    sockets[0]?.send(JSON.stringify({ n: 1 }));
    expect(await received).toEqual(Array(3).fill({ echo: { n: 1 } }));
    for (const socket of sockets) socket.close();
    while (((flows.stats().get("live")?.["subscribers"] ?? []) as unknown[]).length > 0) await Bun.sleep(1);
  });

  test("what is not JSON, not text, too long or not allowed closes that connection and no other", async () => {
    const { url, flows } = await serve({ maxBodyBytes: 1000, schemas: { streams: { live: z.object({ n: z.number() }) } } });
    const healthy = await opened(`${url}/streams/live`);
    for (const [message, code] of [
      ["{no", 1007],
      [new Uint8Array([1, 2]), 1003],
      [JSON.stringify({ n: "x" }), 1008],
      ["x".repeat(5000), 1009],
    ] as const) {
      const socket = await opened(`${url}/streams/live`);
      const end = closed(socket);
      socket.send(message);
      expect([message.length, (await end)[0]]).toEqual([message.length, code]);
    }
    const received = new Promise((resolve) => (healthy.onmessage = ({ data }) => resolve(data)));
    healthy.send('{"n":5}');
    expect(await received).toBe('{"echo":{"n":5}}');
    const end = closed(healthy);
    await flows.stop({ deadlineMs: 50 });
    expect((await end)[0]).toBe(1001);
  });

  test("a check that takes its time keeps the order in which they were sent", async () => {
    const later = z.object({ n: z.number() }).refine(async ({ n }) => {
      await Bun.sleep(n % 2 === 0 ? 5 : 0);
      return true;
    });
    const { url } = await serve({ schemas: { streams: { live: later } } });
    const socket = await opened(`${url}/streams/live`);
    const received: number[] = [];
    const all = new Promise<void>((resolve) => {
      socket.onmessage = ({ data }) => {
        received.push((JSON.parse(data) as { echo: { n: number } }).echo.n);
        if (received.length === 20) resolve();
      };
    });
    const sent = Array.from({ length: 20 }, (_, n) => n);
    for (const n of sent) socket.send(JSON.stringify({ n }));
    await all;
    expect(received).toEqual(sent);
    socket.close();
  });

  test("one that sends faster than the stream takes waits; far too much cuts it off", async () => {
    const { url, flows } = await serve();
    const gate = Promise.withResolvers<void>();
    const got: unknown[] = [];
    const narrow = ReactiveStream.of<unknown>("narrow", { buffer: 2 }).transform(async (value) => {
      await gate.promise;
      return value;
    });
    narrow.subscribe((value) => void got.push(value));
    await flows.stop();
    flows.register(narrow);
    await flows.start();
    const patient = await opened(`${url}/streams/narrow`);
    for (let n = 0; n < 100; n++) patient.send(String(n));
    const greedy = await opened(`${url}/streams/narrow`);
    const end = closed(greedy);
    for (let n = 0; n < 3000; n++) greedy.send("-1");
    expect((await end)[0]).toBe(1013);
    gate.resolve();
    while (!got.includes(99)) await Bun.sleep(1);
    expect(got.filter((value) => value !== -1)).toEqual(Array.from({ length: 100 }, (_, n) => n));
    expect(narrow.stats().dropped).toBe(0);
    patient.close();
  });

  test("with a token, as a subprotocol", async () => {
    const { url } = await serve({ token: TOKEN });
    expect(opened(`${url}/streams/live`)).rejects.toThrow();
    const socket = await opened(`${url}/streams/live`, [`bearer.${TOKEN}`]);
    socket.close();
  });

  test("a client that does not read costs a bounded buffer, and the oldest values are its loss", async () => {
    const { flows, server, url } = await serve();
    const host = new URL(url).host;
    const slow = connect(server.port as number, "127.0.0.1");
    slow.write(
      `GET /streams/live HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
    );
    await new Promise<void>((resolve) => slow.once("data", () => resolve()));
    slow.pause();
    const stream = flows.part("live") as ReactiveStream<unknown>;
    const text = "v".repeat(20_000);
    const of = () => (stream.stats().subscribers[0] ?? {}) as { dropped: number; waiting: number };
    for (let i = 0; i < 3000 && !(of().dropped > 100); i++) {
      stream.emit({ i, text });
      if (i % 50 === 0) await Bun.sleep(1);
    }
    expect(of().dropped).toBeGreaterThan(100);
    expect(of().waiting).toBeLessThanOrEqual(256);
    slow.destroy();
    while (stream.stats().subscribers.length > 0) await Bun.sleep(1);
  });
});

describe("F-7 hostile clients", () => {
  test("any method, path, header and body is answered with a status of this protocol; nothing reaches the log as an error", async () => {
    const { server, errors, url } = await serve({ maxBodyBytes: 2000 });
    const port = server.port as number;
    const token = fc.stringMatching(/^[A-Za-z-]{1,12}$/);
    const text = fc.oneof(
      fc.string({ maxLength: 30 }),
      fc.string({ unit: "binary", maxLength: 30 }),
      fc.constantFrom("../../etc/passwd", "%00", "__proto__", "\u202e"),
    );
    const request = fc.record({
      method: fc.oneof(fc.constantFrom("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT"), token),
      path: fc.oneof(
        fc.constantFrom(
          "/events",
          "/pipelines/double",
          "/queues/tasks",
          "/queues/tasks/tasks/1",
          "/streams/live",
          "/stats",
          "/healthz",
          "/metrics",
        ),
        text.map((name) => `/pipelines/${name}`),
        text.map((name) => `/${name}`),
      ),
      headers: fc.array(fc.tuple(token, text), { maxLength: 5 }),
      body: fc.oneof(fc.json().map(String), text, fc.string({ minLength: 2500, maxLength: 3000 }), fc.constant(`${"[".repeat(1500)}`)),
      type: fc.constantFrom("application/json", "text/plain", "application/x+json; charset=utf-8", ""),
      length: fc.constantFrom("right", "more", "none", "wrong"),
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ method, path, headers, body, type, length }) => {
        const bytes = Buffer.from(body);
        const size = { right: bytes.length, more: bytes.length + 5, wrong: -1, none: null }[length];
        const lines = [
          `${method} ${path} HTTP/1.1`,
          `Host: 127.0.0.1:${port}`,
          ...(type === "" ? [] : [`Content-Type: ${type}`]),
          ...(size === null ? [] : [`Content-Length: ${size}`]),
          ...headers.map(([name, value]) => `${name}: ${value}`),
        ];
        // Bytes that promise more than they hold are given up by the client.
        if (length === "more") return void (await Promise.race([raw(port, `${lines.join("\r\n")}\r\n\r\n${body}`), Bun.sleep(20)]));
        const answer = await raw(port, `${lines.join("\r\n")}\r\n\r\n${body}`);
        if (answer === "") return;
        const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
        const fine = status === 200 || status === 202 || (status >= 400 && status < 500) || [101, 503, 505].includes(status);
        expect(fine ? "fine" : answer).toBe("fine");
        expect(answer).not.toMatch(/\bat .*\.ts:\d+/);
      }),
      { numRuns: rounds(150) },
    );
    expect(errors).toEqual([]);
    expect((await fetch(`${url}/stats`)).status).toBe(200);
  });

  test("broken WebSocket frames end their connection only", async () => {
    const { server, url, flows } = await serve();
    const port = server.port as number;
    const host = new URL(url).host;
    const shake = `GET /streams/live HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n`;
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (frame) => {
        await new Promise<void>((resolve) => {
          const socket = connect(port, "127.0.0.1", () => socket.write(shake));
          socket.once("data", () => {
            socket.write(frame);
            setTimeout(() => socket.destroy(), 2);
          });
          socket.on("close", () => resolve());
          socket.on("error", () => resolve());
        });
      }),
      { numRuns: rounds(60) },
    );
    while (((flows.stats().get("live")?.["subscribers"] ?? []) as unknown[]).length > 0) await Bun.sleep(1);
    expect((await fetch(`${url}/stats`)).status).toBe(200);
  });

  test("a thousand idle connections are no trouble, and leave nothing behind", async () => {
    const { server, url, flows, post } = await serve();
    const sockets = await Promise.all(
      Array.from(
        { length: 1000 },
        () =>
          new Promise<ReturnType<typeof connect>>((resolve, reject) => {
            const socket = connect(server.port as number, "127.0.0.1", () => resolve(socket));
            socket.on("error", reject);
          }),
      ),
    );
    expect((await post("/pipelines/double", 2)).status).toBe(202);
    for (const socket of sockets) socket.destroy();
    const live = await Promise.all(
      Array.from(
        { length: 200 },
        () =>
          new Promise<WebSocket>((resolve) => {
            const socket = new WebSocket(`${url.replace("http", "ws")}/streams/live`);
            socket.onopen = () => resolve(socket);
          }),
      ),
    );
    expect(flows.stats().get("live")?.["subscribers"]).toHaveLength(200);
    for (const socket of live) socket.close();
    while (((flows.stats().get("live")?.["subscribers"] ?? []) as unknown[]).length > 0) await Bun.sleep(5);
  });
});
