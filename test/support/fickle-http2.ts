import type { Socket } from "bun";

/** What a server may do with a request by HTTP/2. */
export const HTTP2_WHIMS = [
  "well",
  "not found",
  "busy",
  "too many",
  "refuses",
  "resets",
  "resets its body",
  "leaves after it",
  "leaves before it",
  "dies",
  "cuts its body",
  "lies about its length",
  "stalls",
  "leads on",
  "leads elsewhere",
] as const;
export type Http2Whim = (typeof HTTP2_WHIMS)[number];

/** Types of frames and their flags (RFC 9113, 6). */
const [DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE] = [0, 1, 3, 4, 6, 7, 8];
const [END_STREAM, ACK, END_HEADERS] = [1, 1, 4];
const MAX_CONCURRENT_STREAMS = 3;
const [NO_ERROR, INTERNAL_ERROR, REFUSED_STREAM] = [0, 2, 7];
const PREFACE = 24;

interface Heard {
  bytes: Buffer;
  begun: boolean;
  leaving: boolean;
  readonly bodies: Map<number, number>;
}

/** As `FickleServer`, by HTTP/2 without TLS: it writes the frames itself, since well-behaved servers do little that is amiss. */
export class FickleHttp2 {
  /** Requests that it has read to their end. */
  heard = 0;
  connections = 0;
  stalled = 0;
  readonly byStatus = new Map<number, number>();
  /** Bytes of the bodies that came. */
  readonly bodies: number[] = [];
  private readonly listener;

  constructor(
    private readonly whim: (ordinal: number) => Http2Whim,
    private readonly elsewhere: () => string = () => "",
    most = 100,
  ) {
    this.listener = Bun.listen<Heard>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => {
          this.connections++;
          socket.data = { bytes: Buffer.alloc(0), begun: false, leaving: false, bodies: new Map() };
          const setting = Buffer.alloc(6);
          setting.writeUInt16BE(MAX_CONCURRENT_STREAMS);
          setting.writeUInt32BE(most, 2);
          send(socket, SETTINGS, 0, 0, setting);
        },
        data: (socket, bytes) => this.hear(socket, bytes),
        error() {},
      },
    });
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.listener.port}${path}`;
  }

  stop(): void {
    this.listener.stop(true);
  }

  private hear(socket: Socket<Heard>, bytes: Uint8Array): void {
    const { data } = socket;
    data.bytes = Buffer.concat([data.bytes, bytes]);
    if (!data.begun) {
      if (data.bytes.length < PREFACE) return;
      data.begun = true;
      data.bytes = data.bytes.subarray(PREFACE);
    }
    while (data.bytes.length >= 9 && data.bytes.length >= 9 + data.bytes.readUIntBE(0, 3)) {
      const frame = data.bytes.subarray(0, 9 + data.bytes.readUIntBE(0, 3));
      data.bytes = data.bytes.subarray(frame.length);
      this.frame(socket, frame[3] ?? 0, frame[4] ?? 0, frame.readUInt32BE(5), frame.subarray(9));
    }
  }

  private frame(socket: Socket<Heard>, type: number, flags: number, stream: number, payload: Buffer): void {
    const { bodies } = socket.data;
    if (type === SETTINGS && (flags & ACK) === 0) send(socket, SETTINGS, ACK, 0);
    if (type === PING && (flags & ACK) === 0) send(socket, PING, ACK, 0, payload);
    if (type === DATA) {
      bodies.set(stream, (bodies.get(stream) ?? 0) + payload.length);
      const more = Buffer.alloc(4);
      more.writeUInt32BE(Math.max(1, payload.length));
      for (const to of [0, stream]) send(socket, WINDOW_UPDATE, 0, to, more);
    }
    if ((type !== HEADERS && type !== DATA) || (flags & END_STREAM) === 0) return;
    this.bodies.push(bodies.get(stream) ?? 0);
    if (socket.data.leaving) this.heard++;
    else this.answer(socket, stream, this.whim(this.heard++));
  }

  private answer(socket: Socket<Heard>, stream: number, whim: Http2Whim): void {
    const say = (status: number, fields: Readonly<Record<string, string>> = {}) => {
      this.byStatus.set(status, (this.byStatus.get(status) ?? 0) + 1);
      head(socket, stream, status, fields);
      send(socket, DATA, END_STREAM, stream, Buffer.from("ok"));
    };
    const begin = (fields: Readonly<Record<string, string>> = {}) => {
      head(socket, stream, 200, fields);
      send(socket, DATA, 0, stream, Buffer.from("some"));
    };
    switch (whim) {
      case "well":
        say(200);
        return;
      case "not found":
        say(404);
        return;
      case "busy":
        say(503, { "retry-after": "0" });
        return;
      case "too many":
        say(429, { "retry-after": "0.001" });
        return;
      case "refuses":
        send(socket, RST_STREAM, 0, stream, number(REFUSED_STREAM));
        return;
      case "resets":
        send(socket, RST_STREAM, 0, stream, number(INTERNAL_ERROR));
        return;
      case "resets its body":
        begin();
        send(socket, RST_STREAM, 0, stream, number(INTERNAL_ERROR));
        return;
      case "leaves after it":
        // What comes on this connection from now on it does nothing with.
        socket.data.leaving = true;
        send(socket, GOAWAY, 0, 0, Buffer.concat([number(stream), number(NO_ERROR)]));
        say(200);
        return;
      case "leaves before it":
        socket.data.leaving = true;
        send(socket, GOAWAY, 0, 0, Buffer.concat([number(Math.max(0, stream - 2)), number(NO_ERROR)]));
        return;
      case "dies":
        socket.end();
        return;
      case "cuts its body":
        begin();
        socket.end();
        return;
      case "lies about its length":
        head(socket, stream, 200, { "content-length": "100" });
        send(socket, DATA, END_STREAM, stream, Buffer.from("some"));
        return;
      case "stalls":
        this.stalled++;
        return;
      case "leads on":
        say(302, { location: `/on/${this.heard}` });
        return;
      case "leads elsewhere":
        say(301, { location: this.elsewhere() });
        return;
      default:
        whim satisfies never;
    }
  }
}

function number(value: number): Buffer {
  const four = Buffer.alloc(4);
  four.writeUInt32BE(value);
  return four;
}

function send(socket: Socket<Heard>, type: number, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): void {
  const frame = Buffer.alloc(9);
  frame.writeUIntBE(payload.length, 0, 3);
  frame[3] = type;
  frame[4] = flags;
  frame.writeUInt32BE(stream, 5);
  socket.write(Buffer.concat([frame, payload]));
}

/** Fields as literals that no table remembers (RFC 7541, 6.2.2). */
function head(socket: Socket<Heard>, stream: number, status: number, fields: Readonly<Record<string, string>>): void {
  const text = (value: string) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value, "latin1")]);
  // :status is the eighth of the static table.
  const block = [Buffer.from([8]), text(String(status))];
  for (const [name, value] of Object.entries(fields)) block.push(Buffer.from([0]), text(name), text(value));
  send(socket, HEADERS, END_HEADERS, stream, Buffer.concat(block));
}
