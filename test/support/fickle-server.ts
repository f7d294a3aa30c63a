import { gzipSync } from "node:zlib";
import type { Socket } from "bun";

/** What a server may do with a request that it has read to its end. */
export const WHIMS = [
  "well",
  "chunked",
  "closes with its answer",
  "closes a little later",
  "closes without a word",
  "breaks off its head",
  "cuts its body",
  "not found",
  "busy",
  "too many",
  "down",
  "stalls",
  "leads on",
  "leads in a circle",
  "leads elsewhere",
  "leads nowhere",
  "leads to get",
  "leads as it is",
  "says nothing",
  "says too much",
  "packs",
] as const;
export type Whim = (typeof WHIMS)[number];

/** A request that was read to its end. */
export interface HeardRequest {
  readonly method: string;
  readonly path: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Coming {
  text: string;
}

/** Does what it pleases, by a function of how many requests it has read, and counts them. */
export class FickleServer {
  readonly requests: HeardRequest[] = [];
  /** Left without an answer. */
  stalled = 0;
  /** Heads that it has answered with, by status: each in full but for "breaks off its head". */
  readonly byStatus = new Map<number, number>();
  private readonly listener;

  constructor(
    private readonly whim: (ordinal: number) => Whim,
    private readonly elsewhere: () => string,
  ) {
    this.listener = Bun.listen<Coming>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => {
          socket.data = { text: "" };
        },
        data: (socket, bytes) => this.hear(socket, bytes.toString("latin1")),
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

  get heard(): number {
    return this.requests.length;
  }

  private hear(socket: Socket<Coming>, text: string): void {
    socket.data.text += text;
    const end = socket.data.text.indexOf("\r\n\r\n");
    if (end < 0) return;
    const [first = "", ...lines] = socket.data.text.slice(0, end).split("\r\n");
    const fields = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
    );
    const body = socket.data.text.slice(end + 4);
    if (body.length < Number(fields["content-length"] ?? 0)) return;
    socket.data.text = "";
    const [method = "", path = ""] = first.split(" ");
    this.requests.push({ method, path, fields, body });
    this.answer(socket, this.whim(this.requests.length - 1), method === "HEAD");
  }

  private answer(socket: Socket<Coming>, whim: Whim, bare: boolean): void {
    const say = (status: number, fields = "", body: string | Buffer = "ok") => {
      this.byStatus.set(status, (this.byStatus.get(status) ?? 0) + 1);
      const head = `HTTP/1.1 ${status} X\r\nset-cookie: a=${status}\r\n${fields}content-length: ${body.length}\r\n\r\n`;
      socket.write(bare ? head : Buffer.concat([Buffer.from(head), Buffer.from(body)]));
    };
    switch (whim) {
      case "well":
        say(200);
        return;
      case "chunked":
        this.byStatus.set(200, (this.byStatus.get(200) ?? 0) + 1);
        socket.write(`HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n${bare ? "" : "2\r\nok\r\n0\r\n\r\n"}`);
        return;
      case "closes with its answer":
        say(200);
        socket.end();
        return;
      case "closes a little later":
        say(200);
        setTimeout(() => socket.end(), 3);
        return;
      case "closes without a word":
        socket.end();
        return;
      case "breaks off its head":
        socket.write("HTTP/1.1 2");
        socket.end();
        return;
      case "cuts its body":
        socket.write(`HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\n${bare ? "" : "some"}`);
        socket.end();
        return;
      case "not found":
        say(404);
        return;
      case "busy":
        say(503, "retry-after: 0\r\n");
        return;
      case "too many":
        say(429, "retry-after: 0.001\r\n");
        return;
      case "down":
        say(500, "connection: close\r\n");
        return;
      case "stalls":
        this.stalled++;
        return;
      case "leads on":
        say(302, `location: /on/${this.heard}\r\n`);
        return;
      case "leads in a circle":
        say(307, "location: /again\r\n");
        return;
      case "leads elsewhere":
        say(301, `location: ${this.elsewhere()}\r\n`);
        return;
      case "leads to get":
        say(303, `location: /got/${this.heard}\r\n`);
        return;
      case "leads as it is":
        say(308, `location: /kept/${this.heard}\r\n`);
        return;
      case "says nothing":
        this.byStatus.set(204, (this.byStatus.get(204) ?? 0) + 1);
        socket.write("HTTP/1.1 204 X\r\n\r\n");
        return;
      case "says too much":
        say(200, "", "ok".repeat(5000));
        return;
      case "packs":
        say(200, "content-encoding: gzip\r\n", gzipSync("it is ok"));
        return;
      case "leads nowhere":
        say(308, "location: ftp://127.0.0.1/\r\n");
        return;
      default:
        whim satisfies never;
    }
  }
}
