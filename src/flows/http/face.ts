import type { Server, WebSocketHandler } from "bun";
import { isLoopback } from "../../kernel/hosts.ts";
import { OPEN_METRICS_TYPE } from "../../kernel/openmetrics.ts";
import { newId, type Timers } from "../../kernel/timers.ts";
import { type FlowHeaders, traceHeaders } from "../headers.ts";
import { type FlowOrchestrator, type PartStats, QueueError, Stopped } from "../index.ts";
import { checkCount, checkFunction, checkNames, type OptionNames, timersOf } from "../options.ts";
import { summedStats } from "../orchestrator/summed.ts";
import { ACCESS_NAMES, Access, type AccessOptions } from "./access.ts";
import { readJson, type Schema, validated } from "./body.ts";
import { type Exposed, Exposure, type Schemas } from "./exposure.ts";
import { bothSockets, type HostOptions, hostOf, rehost } from "./host.ts";
import { pageResponse } from "./page.ts";
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
  /**
   * What clients reach, and what they may do with it: `{ queues: { jobs: "send" }, streams: { prices: "read" } }`. What is not named is not
   * there for them. Without this option everything is.
   */
  readonly expose?: Exposed;
  /** Schemas of input, by name; events without one are then refused, parts without one take any JSON. */
  readonly schemas?: Schemas;
  /** Clock and timers. Default: those of this machine. */
  readonly timers?: Timers;
  /** Called with the server's own errors. */
  readonly onError?: (error: unknown) => void;
}

export const FACE_NAMES: OptionNames<FlowFaceOptions> = {
  ...ACCESS_NAMES,
  prefix: true,
  maxBodyBytes: true,
  maxSockets: true,
  expose: true,
  schemas: true,
  timers: true,
  onError: true,
};

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
  private readonly exposure: Exposure;
  /** Data of its own WebSockets, which may share a server with others. */
  private readonly ours = new WeakSet<object>();
  private readonly timers: Timers;
  private readonly startedAt: number;
  private readonly maxBodyBytes: number;
  private sockets = 0;

  constructor(
    private readonly flows: FlowOrchestrator,
    private readonly options: FlowFaceOptions = {},
  ) {
    checkNames(options, FACE_NAMES);
    const { prefix = "" } = options;
    if (prefix !== "" && !/^(\/[^/?#]+)+$/.test(prefix)) throw new RangeError(`prefix: must be a path like /flows, got ${prefix}`);
    checkCount("maxBodyBytes", options.maxBodyBytes, 1);
    checkCount("maxSockets", options.maxSockets, 0);
    if (options.onError !== undefined) checkFunction("onError", options.onError);
    this.access = new Access(options);
    this.exposure = new Exposure(flows, options.expose, options.schemas ?? {});
    this.timers = timersOf(options.timers);
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
   * Takes over the paths under its prefix on a running server, and nothing else: its routes, its WebSockets, its `error` and its `fetch`
   * stay. `otherwise`: another `fetch` for all other paths, or what else the server is to answer with; needed for a server that was made
   * before this module was loaded, since it does not say what it has. To be called again after a `reload`. Throws where other machines can
   * connect and there is no token, or where there is no prefix to tell its paths from the server's.
   */
  attach<Data>(server: Server<Data>, otherwise: HostOptions<Data>["fetch"] | HostOptions<Data> = {}): void {
    const { prefix = "", token } = this.options;
    checkReach(server.hostname ?? "", token);
    if (prefix === "") throw new Error("a face on a server that has paths of its own needs a prefix");
    const given = (typeof otherwise === "function" ? { fetch: otherwise } : otherwise) as HostOptions;
    const { fetch, routes, websocket, error } = { ...hostOf(server), ...given };
    const own = (request: Request) => this.fetch(request, server as FaceServer);
    rehost(server as Server<unknown>, {
      fetch: (request, its) => {
        const mine = URL.parse(request.url)?.pathname.startsWith(`${prefix}/`) === true;
        return mine ? own(request) : (fetch?.(request, its) ?? new Response("Not Found", { status: 404 }));
      },
      ...(routes === undefined ? {} : { routes: { ...routes, [`${prefix}/*`]: own } }),
      websocket: bothSockets(this.websocket, (data) => typeof data === "object" && data !== null && this.ours.has(data), websocket),
      ...(error === undefined ? {} : { error }),
    });
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
    { method: "GET", path: /^\/$/, answer: () => this.report(pageResponse) },
    { method: "GET", path: /^\/stats$/, answer: () => this.report(() => jsonResponse(this.stats)) },
    { method: "GET", path: /^\/metrics$/, answer: () => this.report(() => this.metrics()) },
  ];

  private async submit({ request, names: [name = ""] }: Asked): Promise<Response> {
    const { part: pipeline, schema } = this.exposure.pipeline(name);
    const value = await this.bodyOf(request, schema);
    const id = newId(this.timers);
    const correlationId = request.headers.get("x-correlation-id")?.slice(0, 200) ?? id;
    if (!pipeline.offer(value, { correlationId, fields: { taskId: id }, headers: traceOf(request) }))
      throw new HttpProblem(503, `${name} is full`, { "retry-after": "1" });
    return jsonResponse({ status: "accepted", task_id: id }, 202);
  }

  private async publish({ request }: Asked): Promise<Response> {
    this.exposure.checkBus();
    const body = await readJson(request, this.maxBodyBytes);
    const { type, data, source } = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
    if (typeof type !== "string" || type === "" || type.length > 200)
      throw new HttpProblem(422, "an event has a type, a text of 1 to 200 characters");
    if (source !== undefined && (typeof source !== "string" || source.length > 200))
      throw new HttpProblem(422, "source: must be a text of at most 200 characters");
    const { part: bus, schema } = this.exposure.bus(type);
    const event = await validated(data, schema);
    const { id } = bus.emit(type, event, { source: typeof source === "string" ? source : "http", headers: traceOf(request) });
    return jsonResponse({ status: "published", task_id: id }, 202);
  }

  private async enqueue({ request, url, names: [name = ""] }: Asked): Promise<Response> {
    const { part: queue, schema, access } = this.exposure.queue(name);
    if (access !== "send") throw new HttpProblem(403, `${name} takes no tasks from here`);
    const value = await this.bodyOf(request, schema);
    const key = url.searchParams.get("key");
    const idempotencyKey = request.headers.get("idempotency-key");
    const { id, duplicate } = await queue.send(value, {
      // A client that waits for room would hold its connection indefinitely.
      whenFull: "reject",
      headers: traceOf(request),
      ...(key === null ? {} : { key }),
      ...(idempotencyKey === null ? {} : { idempotencyKey }),
      ...numberIn(url, "priority"),
      ...numberIn(url, "delayMs"),
    });
    const headers = { location: `${this.options.prefix ?? ""}/queues/${encodeURIComponent(name)}/tasks/${id}` };
    return jsonResponse({ status: duplicate ? "known" : "queued", task_id: String(id) }, 202, headers);
  }

  private async task({ names: [name = "", id = ""] }: Asked): Promise<Response> {
    const { part: queue } = this.exposure.queue(name);
    const number = /^\d{1,15}$/.test(id) ? Number(id) : 0;
    const states: Record<string, string> = {};
    for (const group of queue.groups) states[group] = await queue.stateOf(number, group);
    const all = Object.values(states);
    if (all.every((state) => state === "unknown")) throw new HttpProblem(404, `${name} has had no such task`);
    const state = ["dead", "working", "delayed", "waiting"].find((each) => all.includes(each)) ?? "done";
    return jsonResponse({ task_id: id, state, groups: states });
  }

  private connect({ request, server, address, names: [name = ""] }: Asked): Response | undefined {
    const { part: stream, schema, access } = this.exposure.stream(name);
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket")
      throw new HttpProblem(426, "a stream speaks WebSocket", { upgrade: "websocket", connection: "upgrade" });
    if (this.sockets >= (this.options.maxSockets ?? 10_000)) throw new HttpProblem(503, "too many connections", { "retry-after": "5" });
    const protocol = request.headers.get("sec-websocket-protocol")?.split(",")[0]?.trim();
    const headers: Record<string, string> = protocol === undefined ? {} : { "sec-websocket-protocol": protocol };
    const data: SocketData = { stream, schema, access, address, subscriber: null, turn: Promise.resolve(), waiting: 0, drained: null };
    this.ours.add(data);
    if (!server.upgrade(request, { data, headers })) throw new HttpProblem(400, "this is no proper WebSocket handshake");
    this.sockets++;
    return undefined;
  }

  private health(): Response {
    const { status, parts } = this.flows.health();
    const shown = this.exposure.reports ? { parts, stats: this.stats } : {};
    const body = { status, uptime_seconds: (this.timers.now() - this.startedAt) / 1000, ...shown };
    return jsonResponse(body, status === "down" ? 503 : 200);
  }

  /** Throws a 404 problem where figures are not shown. */
  private report(answer: () => Response): Response {
    if (!this.exposure.reports) throw new HttpProblem(404, "there is nothing at this path");
    return answer();
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
}

/** Throws where other machines can ask and there is no token. */
export function checkReach(hostname: string, token: string | undefined): void {
  if (!isLoopback(hostname) && token === undefined) throw new Error(`to listen on ${hostname}, where others can ask, a token is needed`);
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

/** The trace that a request belongs to (W3C Trace Context). */
function traceOf({ headers }: Request): FlowHeaders {
  return traceHeaders((name) => headers.get(name));
}
