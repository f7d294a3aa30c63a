import type { Server, ServerWebSocket, WebSocketHandler } from "bun";

type Answer = Response | undefined | Promise<Response | undefined>;

/** What a server answers with, as `Bun.serve` takes it. */
export interface HostOptions<Data = unknown> {
  readonly fetch?: (request: Request, server: Server<Data>) => Answer;
  readonly routes?: Readonly<Record<string, unknown>>;
  readonly websocket?: WebSocketHandler<Data>;
  readonly error?: (error: Error) => Response | Promise<Response>;
}

/** What each server of this process answers with. */
const hosts = new WeakMap<object, HostOptions>();

// A running server does not tell what it was made with, and takes new routes and handlers only all together. So that something can be
// attached to it that takes nothing away, what `Bun.serve` is given is remembered here.
if (process.versions.bun !== undefined) {
  const { serve } = Bun;
  Bun.serve = ((options: HostOptions) => {
    const server = serve(options as never);
    hosts.set(server, options);
    return server;
  }) as typeof Bun.serve;
}

/** What a server answers with; nothing is known of one that was made before this module was loaded. */
export function hostOf(server: object): HostOptions {
  return hosts.get(server) ?? {};
}

/** Has a running server answer with something else. */
export function rehost(server: Server<unknown>, options: HostOptions): void {
  server.reload(options as never);
  hosts.set(server, options);
}

/** Handlers of two kinds of WebSockets on one server, told apart by their data. Limits and settings are the host's. */
export function bothSockets<Ours>(
  ours: WebSocketHandler<Ours>,
  isOurs: (data: unknown) => boolean,
  host: WebSocketHandler<unknown> | undefined,
): WebSocketHandler<unknown> {
  if (host === undefined) return ours as WebSocketHandler<unknown>;
  const of = (socket: ServerWebSocket<unknown>) => (isOurs(socket.data) ? (ours as WebSocketHandler<unknown>) : host);
  return {
    ...host,
    maxPayloadLength: Math.max(host.maxPayloadLength ?? DEFAULT_PAYLOAD, ours.maxPayloadLength ?? 0),
    open: (socket) => of(socket).open?.(socket),
    message: (socket, message) => of(socket).message?.(socket, message),
    drain: (socket) => of(socket).drain?.(socket),
    close: (socket, code, reason) => of(socket).close?.(socket, code, reason),
    ping: (socket, data) => of(socket).ping?.(socket, data),
    pong: (socket, data) => of(socket).pong?.(socket, data),
  };
}

/** Bun's own limit on a message, in bytes. */
const DEFAULT_PAYLOAD = 16 * 1024 * 1024;
