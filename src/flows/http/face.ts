import { hostname as machineName, networkInterfaces } from "node:os";
import type { Server, WebSocketHandler } from "bun";
import { isLoopback } from "../../kernel/hosts.ts";
import { OPEN_METRICS_TYPE } from "../../kernel/openmetrics.ts";
import { newId, realTimers, type Timers } from "../../kernel/timers.ts";
import {
  DataPipeline,
  EventBus,
  type FlowOrchestrator,
  MessageQueue,
  type PartStats,
  QueueError,
  ReactiveStream,
  Stopped,
} from "../index.ts";
import { summedStats } from "../orchestrator/summed.ts";
import { Access, type AccessOptions } from "./access.ts";
import { readJson, type Schema, validated } from "./body.ts";
import { HEADERS, HttpProblem, jsonResponse, problemResponse } from "./problem.ts";
import { type SocketData, streamSockets } from "./socket.ts";

/** Options of a flow server. */
export interface FlowFaceOptions extends AccessOptions {
  /** Path at which its routes begin. Default: the root. */
  readonly prefix?: string;
  /** Default 1 MB. */
  readonly maxBodyBytes?: number;
  /** WebSockets open at a time. Default 10 000. */
  readonly maxSockets?: number;
  /** Schemas of input, by name; events without one are then refused, parts without one take any JSON. */
  readonly schemas?: {
    readonly events?: Readonly<Record<string, Schema>>;
    readonly pipelines?: Readonly<Record<string, Schema>>;
    readonly queues?: Readonly<Record<string, Schema>>;
    readonly streams?: Readonly<Record<string, Schema>>;
  };
  /** Clock and timers. Default: those of this machine. */
  readonly timers?: Timers;
  /** Called with the server's own errors. */
  readonly onError?: (error: unknown) => void;
}

type FaceServer = Server<SocketData>;

interface Asked {
  readonly request: Request;
  readonly url: URL;
  readonly server: FaceServer;
  readonly address: string;
  /** The variable parts of the path. */
  readonly names: readonly string[];
}

interface Route {
  readonly method: "GET" | "POST";
  readonly path: RegExp;
  readonly answer: (asked: Asked) => Promise<Response | undefined> | Response | undefined;
}

/**
 * HTTP and WebSocket server of an orchestrator's flows. `fetch` and `websocket` are for a server of your own: `Bun.serve({ fetch: (request,
 * server) => face.fetch(request, server), websocket: face.websocket })`; `serveFlows` makes one.
 */
export class FlowFace {
  readonly websocket: WebSocketHandler<SocketData>;
  private readonly access: Access;
  private readonly timers: Timers;
  private readonly startedAt: number;
  private readonly maxBodyBytes: number;
  private sockets = 0;

  constructor(
    private readonly flows: FlowOrchestrator,
    private readonly options: FlowFaceOptions = {},
  ) {
    this.access = new Access(options);
    this.timers = options.timers ?? realTimers;
    this.startedAt = this.timers.now();
    this.maxBodyBytes = options.maxBodyBytes ?? 1_000_000;
    const handler = streamSockets(this.access, this.maxBodyBytes, this.timers, (error) => options.onError?.(error));
    this.websocket = {
      ...handler,
      close: (socket, code, reason) => {
        this.sockets--;
        return handler.close?.(socket, code, reason);
      },
    };
  }

  /** Answers a request; undefined when it became a WebSocket. Never rejects. */
  async fetch(request: Request, server: FaceServer): Promise<Response | undefined> {
    try {
      const address = server.requestIP(request)?.address ?? "";
      const preflight = this.access.preflight(request);
      if (preflight !== null) return preflight;
      this.access.check(request, address, this.timers.now());
      const response = await this.route(request, server, address);
      return response === undefined ? undefined : this.access.shared(request, response);
    } catch (error) {
      const problem = asProblem(error);
      if (problem === null) this.options.onError?.(error);
      return this.access.shared(request, problemResponse(problem ?? error));
    }
  }

  /**
   * Takes over the paths under its prefix on a running server; all others go to `otherwise`. Throws where other machines can connect and
   * there is no token, or where there is no prefix to tell its paths from the server's.
   */
  attach(server: FaceServer, otherwise: (request: Request, server: FaceServer) => Response | Promise<Response>): void {
    const { prefix = "", token } = this.options;
    checkReach(server.hostname ?? "", token);
    if (prefix === "") throw new Error("a face on a server that has paths of its own needs a prefix");
    server.reload({
      fetch: (request: Request) => {
        const mine = URL.parse(request.url)?.pathname.startsWith(`${prefix}/`) === true;
        return mine ? (this.fetch(request, server) as Promise<Response>) : otherwise(request, server);
      },
      websocket: this.websocket,
    } as Parameters<FaceServer["reload"]>[0]);
  }

  private async route(request: Request, server: FaceServer, address: string): Promise<Response | undefined> {
    const url = URL.parse(request.url);
    if (url === null) throw new HttpProblem(400, "this is no proper path");
    const { prefix = "" } = this.options;
    if (!url.pathname.startsWith(`${prefix}/`)) throw new HttpProblem(404, "there is nothing at this path");
    const path = url.pathname.slice(prefix.length);
    const there = this.routes.filter((route) => route.path.test(path));
    const route = there.find(({ method }) => method === request.method || (method === "GET" && request.method === "HEAD"));
    if (there.length === 0) throw new HttpProblem(404, "there is nothing at this path");
    const allowed = [...new Set(there.map(({ method }) => method))].join(", ");
    if (route === undefined) throw new HttpProblem(405, `this path takes ${allowed}`, { allow: allowed });
    const names = (route.path.exec(path) ?? []).slice(1).map(decodeName);
    return route.answer({ request, url, server, address, names });
  }

  private readonly routes: readonly Route[] = [
    { method: "POST", path: /^\/pipelines\/([^/]+)$/, answer: (asked) => this.submit(asked) },
    { method: "POST", path: /^\/events$/, answer: (asked) => this.publish(asked) },
    { method: "POST", path: /^\/queues\/([^/]+)$/, answer: (asked) => this.enqueue(asked) },
    { method: "GET", path: /^\/queues\/([^/]+)\/tasks\/([^/]+)$/, answer: (asked) => this.task(asked) },
    { method: "GET", path: /^\/streams\/([^/]+)$/, answer: (asked) => this.connect(asked) },
    { method: "GET", path: /^\/healthz$/, answer: () => this.health() },
    { method: "GET", path: /^\/stats$/, answer: () => jsonResponse(this.stats) },
    { method: "GET", path: /^\/metrics$/, answer: () => this.metrics() },
  ];

  private async submit({ request, names: [name = ""] }: Asked): Promise<Response> {
    const pipeline = this.pipeline(name);
    const value = await this.bodyOf(request, own(this.options.schemas?.pipelines, name));
    const id = newId(this.timers);
    const correlationId = request.headers.get("x-correlation-id")?.slice(0, 200) ?? id;
    if (!pipeline.offer(value, { correlationId, fields: { taskId: id } }))
      throw new HttpProblem(503, `${name} is full`, { "retry-after": "1" });
    return jsonResponse({ status: "accepted", task_id: id }, 202);
  }

  private async publish({ request }: Asked): Promise<Response> {
    const bus = this.bus;
    if (bus === null) throw new HttpProblem(404, "there is no event bus");
    const body = await readJson(request, this.maxBodyBytes);
    const { type, data, source } = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
    if (typeof type !== "string" || type === "" || type.length > 200)
      throw new HttpProblem(422, "an event has a type, a text of 1 to 200 characters");
    if (source !== undefined && (typeof source !== "string" || source.length > 200))
      throw new HttpProblem(422, "source: must be a text of at most 200 characters");
    const { events } = this.options.schemas ?? {};
    if (events !== undefined && !Object.hasOwn(events, type)) throw new HttpProblem(422, "there is no event of this type");
    const event = await validated(data, events?.[type]);
    const { id } = bus.emit(type, event, { source: typeof source === "string" ? source : "http" });
    return jsonResponse({ status: "published", task_id: id }, 202);
  }

  private async enqueue({ request, url, names: [name = ""] }: Asked): Promise<Response> {
    const queue = this.queue(name);
    const value = await this.bodyOf(request, own(this.options.schemas?.queues, name));
    const key = url.searchParams.get("key");
    const idempotencyKey = request.headers.get("idempotency-key");
    const { id, duplicate } = await queue.send(value, {
      // A client that waits for room would hold its connection indefinitely.
      whenFull: "reject",
      ...(key === null ? {} : { key }),
      ...(idempotencyKey === null ? {} : { idempotencyKey }),
      ...numberIn(url, "priority"),
      ...numberIn(url, "delayMs"),
    });
    const headers = { location: `${this.options.prefix ?? ""}/queues/${encodeURIComponent(name)}/tasks/${id}` };
    return jsonResponse({ status: duplicate ? "known" : "queued", task_id: String(id) }, 202, headers);
  }

  private async task({ names: [name = "", id = ""] }: Asked): Promise<Response> {
    const queue = this.queue(name);
    const number = /^\d{1,15}$/.test(id) ? Number(id) : 0;
    const states: Record<string, string> = {};
    for (const group of queue.groups) states[group] = await queue.stateOf(number, group);
    const all = Object.values(states);
    if (all.every((state) => state === "unknown")) throw new HttpProblem(404, `${name} has had no such task`);
    const state = ["dead", "working", "delayed", "waiting"].find((each) => all.includes(each)) ?? "done";
    return jsonResponse({ task_id: id, state, groups: states });
  }

  private connect({ request, server, address, names: [name = ""] }: Asked): Response | undefined {
    const stream = this.stream(name);
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket")
      throw new HttpProblem(426, "a stream speaks WebSocket", { upgrade: "websocket", connection: "upgrade" });
    if (this.sockets >= (this.options.maxSockets ?? 10_000)) throw new HttpProblem(503, "too many connections", { "retry-after": "5" });
    const schema = own(this.options.schemas?.streams, name);
    const protocol = request.headers.get("sec-websocket-protocol")?.split(",")[0]?.trim();
    const headers: Record<string, string> = protocol === undefined ? {} : { "sec-websocket-protocol": protocol };
    if (
      !server.upgrade(request, {
        data: { stream, schema, address, subscriber: null, turn: Promise.resolve(), waiting: 0, drained: null },
        headers,
      })
    )
      throw new HttpProblem(400, "this is no proper WebSocket handshake");
    this.sockets++;
    return undefined;
  }

  private health(): Response {
    const { status, parts } = this.flows.health();
    const body = {
      status,
      uptime_seconds: (this.timers.now() - this.startedAt) / 1000,
      parts,
      stats: this.stats,
    };
    return jsonResponse(body, status === "down" ? 503 : 200);
  }

  /** Figures of all parts; sockets of a stream, and whatever else bears one name, are summed up. */
  private get stats(): Readonly<Record<string, PartStats>> {
    return Object.fromEntries([...this.flows.stats()].map(([name, stats]) => [name, summedStats(stats)]));
  }

  private metrics(): Response {
    return new Response(this.flows.metrics(), {
      headers: { ...HEADERS, "content-type": OPEN_METRICS_TYPE },
    });
  }

  private async bodyOf(request: Request, schema: Schema | undefined): Promise<unknown> {
    return validated(await readJson(request, this.maxBodyBytes), schema);
  }

  /** The public bus among the parts; not the orchestrator's own. */
  private get bus(): EventBus<Record<string, unknown>> | null {
    const bus = this.flows.parts.find((part) => part instanceof EventBus);
    return bus === undefined ? null : (bus as unknown as EventBus<Record<string, unknown>>);
  }

  private pipeline(name: string): DataPipeline<unknown, unknown> {
    const part = this.flows.part(name);
    if (part instanceof DataPipeline) return part;
    throw new HttpProblem(404, "there is no pipeline of this name");
  }

  private queue(name: string): MessageQueue<unknown> {
    const part = this.flows.part(name);
    if (part instanceof MessageQueue) return part;
    throw new HttpProblem(404, "there is no queue of this name");
  }

  private stream(name: string): ReactiveStream<unknown, unknown> {
    const part = this.flows.part(name);
    if (part instanceof ReactiveStream) return part;
    throw new HttpProblem(404, "there is no stream of this name");
  }
}

function checkReach(hostname: string, token: string | undefined): void {
  if (!isLoopback(hostname) && token === undefined) throw new Error(`to listen on ${hostname}, where others can ask, a token is needed`);
}

/** Options of a flow server with its address. */
export interface ServeFlowsOptions extends FlowFaceOptions {
  /** Default 0: any free one. */
  readonly port?: number;
  /** Default 127.0.0.1; any address other than loopback needs a `token`. */
  readonly hostname?: string;
}

/** Serves flows on a port. Throws when the address is not loopback and there is no token. */
export function serveFlows(flows: FlowOrchestrator, options: ServeFlowsOptions = {}): FaceServer {
  const { hostname = "127.0.0.1", port = 0 } = options;
  checkReach(hostname, options.token);
  const face = new FlowFace(flows, { ...options, allowedHosts: [...(options.allowedHosts ?? []), ...ownNames(hostname)] });
  return Bun.serve<SocketData, never>({
    hostname,
    port,
    development: false,
    // The face reads bodies as streams and answers 413 itself, with a reason.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    idleTimeout: 30,
    fetch: (request, server) => face.fetch(request, server) as Promise<Response>,
    websocket: face.websocket,
    error: (error) => {
      options.onError?.(error);
      return problemResponse(error);
    },
  });
}

/**
 * The names and addresses by which this machine may be asked when it listens on an address of its own, or on all; no other machine can
 * claim them.
 */
function ownNames(hostname: string): string[] {
  if (isLoopback(hostname)) return [];
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const spelt = addresses.map(({ address, family }) => (family === "IPv6" ? `[${address}]` : address));
  return [hostname, machineName(), ...spelt];
}

function asProblem(error: unknown): HttpProblem | null {
  if (error instanceof HttpProblem) return error;
  if (error instanceof Stopped) return new HttpProblem(503, error.message, { "retry-after": "5" });
  if (!(error instanceof QueueError)) return null;
  return error.problem === "invalid"
    ? new HttpProblem(422, error.message)
    : new HttpProblem(503, `the queue cannot take it: ${error.problem}`, { "retry-after": "1" });
}

function decodeName(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new HttpProblem(400, "the path is not properly encoded");
  }
}

function numberIn(url: URL, name: "priority" | "delayMs"): Record<string, number> {
  const text = url.searchParams.get(name);
  if (text === null) return {};
  if (!/^-?\d{1,12}$/.test(text)) throw new HttpProblem(422, `${name}: must be a whole number`);
  return { [name]: Number(text) };
}

/** A property by a name from outside: own properties only. */
function own<T>(all: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return all !== undefined && Object.hasOwn(all, name) ? all[name] : undefined;
}
