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
] as const;
export type Whim = (typeof WHIMS)[number];

interface Heard {
  text: string;
}

/** Does what it pleases, by a function of how many requests it has read, and counts them. */
export class FickleServer {
  heard = 0;
  /** Left without an answer. */
  stalled = 0;
  /** Heads that it has answered with, by status: each in full but for "breaks off its head". */
  readonly byStatus = new Map<number, number>();
  private readonly listener;

  constructor(
    private readonly whim: (ordinal: number) => Whim,
    private readonly elsewhere: () => string,
  ) {
    this.listener = Bun.listen<Heard>({
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

  private hear(socket: Socket<Heard>, text: string): void {
    socket.data.text += text;
    if (!socket.data.text.endsWith("\r\n\r\n")) return;
    socket.data.text = "";
    this.answer(socket, this.whim(this.heard++));
  }

  private answer(socket: Socket<Heard>, whim: Whim): void {
    const say = (status: number, fields = "", body = "ok") => {
      this.byStatus.set(status, (this.byStatus.get(status) ?? 0) + 1);
      socket.write(`HTTP/1.1 ${status} X\r\n${fields}content-length: ${body.length}\r\n\r\n${body}`);
    };
    switch (whim) {
      case "well":
        say(200);
        return;
      case "chunked":
        this.byStatus.set(200, (this.byStatus.get(200) ?? 0) + 1);
        socket.write("HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
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
        socket.write("HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\nsome");
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
      case "leads nowhere":
        say(308, "location: ftp://127.0.0.1/\r\n");
        return;
      default:
        whim satisfies never;
    }
  }
}
