import type { ServerWebSocket, WebSocketHandler } from "bun";
import type { Timers } from "../../kernel/timers.ts";
import { type ReactiveStream, Stopped, type Subscriber } from "../index.ts";
import type { Access } from "./access.ts";
import { parseJson, type Schema, validated } from "./body.ts";
import { HttpProblem } from "./problem.ts";

/** State of a WebSocket connected to a stream. */
export interface SocketData {
  readonly stream: ReactiveStream<unknown, unknown>;
  readonly schema: Schema | undefined;
  /** Which way values go: `read`, `write` or `read-write`. */
  readonly access: string;
  readonly address: string;
  subscriber: Subscriber<unknown> | null;
  /** Resolves when the client's earlier messages have been emitted: an asynchronous schema reorders nothing. */
  turn: Promise<void>;
  /** Messages of the client that wait for room in the stream. */
  waiting: number;
  /** Resolves the wait for the client to read what it was sent. */
  drained: (() => void) | null;
}

/** Values that may wait for a slow client; beyond it the client misses the oldest. */
const BUFFER = 256;
/** Messages of a client that may wait for room in the stream; a client that sends more is disconnected. */
const MOST_WAITING = 1024;

/** Close codes (RFC 6455, 7.4.1). */
const GOING_AWAY = 1001;
const UNSUPPORTED = 1003;
const INVALID = 1007;
const POLICY = 1008;
const TOO_BIG = 1009;
const TRY_LATER = 1013;

/** A stream over a WebSocket: messages of the client are emitted, values of the stream are sent, each as JSON text. */
export function streamSockets(
  access: Access,
  maxBytes: number,
  timers: Timers,
  onError: (error: unknown) => void,
): WebSocketHandler<SocketData> {
  return {
    maxPayloadLength: maxBytes,
    idleTimeout: 120,
    // Beyond it a client counts as slow.
    backpressureLimit: 64 * 1024,
    closeOnBackpressureLimit: false,
    open(socket) {
      const { data } = socket;
      if (data.access === "write") return;
      data.subscriber = data.stream.subscribe(
        {
          next: (value) => send(socket, value),
          complete: () => socket.close(GOING_AWAY, "the stream has ended"),
          error: () => socket.close(GOING_AWAY, "the stream has failed"),
        },
        { name: "sockets", buffer: BUFFER, overflow: "drop-oldest" },
      );
    },
    message(socket, message) {
      const { data } = socket;
      const refuse = (error: unknown) => {
        const ended = error instanceof Stopped;
        if (!ended && !(error instanceof HttpProblem)) onError(error);
        const wrong =
          error instanceof HttpProblem ? error : new HttpProblem(503, ended ? "the stream has ended" : "something went wrong here");
        // A reason may have 123 bytes.
        socket.close(wrong.status === 400 ? INVALID : wrong.status === 503 ? GOING_AWAY : POLICY, wrong.detail.slice(0, 100));
      };
      if (typeof message !== "string") return socket.close(UNSUPPORTED, "texts of JSON only");
      if (data.access === "read") return socket.close(POLICY, "this stream is to be read only");
      // On a server of somebody else's the limit is that server's.
      if (Buffer.byteLength(message) > maxBytes) return socket.close(TOO_BIG, `a message may have ${maxBytes} bytes`);
      try {
        access.checkRate(data.address, timers.now());
      } catch (error) {
        return refuse(error);
      }
      if (data.waiting >= MOST_WAITING) return socket.close(TRY_LATER, "the stream does not keep up");
      data.waiting++;
      data.turn = data.turn
        .then(() => take(message, data))
        .catch(refuse)
        .finally(() => data.waiting--);
    },
    drain(socket) {
      socket.data.drained?.();
      socket.data.drained = null;
    },
    close(socket) {
      socket.data.subscriber?.unsubscribe();
      socket.data.drained?.();
    },
  };
}

/** Emits a message of the client once there is room. */
async function take(message: string, { stream, schema }: SocketData): Promise<void> {
  const value = await validated(parseJson(message), schema);
  while (!stream.hasRoom) await stream.ready();
  stream.emit(value);
}

/** Sends a value. A promise when the client does not keep up: its next value waits until it has read this one. */
function send(socket: ServerWebSocket<SocketData>, value: unknown): Promise<void> | undefined {
  if (socket.send(JSON.stringify(value) ?? "null") !== -1) return undefined;
  return new Promise((resolve) => {
    socket.data.drained = resolve;
  });
}
