import type { Socket } from "bun";
import { CERT, KEY } from "./tls.ts";

/** A request as a server heard it. */
export interface Heard {
  readonly method: string;
  readonly path: string;
  /** By names in lower case. */
  readonly fields: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Which connection it came over, from 0. */
  readonly connection: number;
}

interface Coming {
  bytes: Buffer;
  readonly connection: number;
}

/** Reads each request to its end, body included, remembers it, and says what it is told to. */
export class ListeningServer {
  readonly heard: Heard[] = [];
  private connections = 0;
  private readonly listener;

  constructor(
    answer: (request: Heard, socket: Socket<Coming>) => string,
    private readonly secure = false,
  ) {
    this.listener = Bun.listen<Coming>({
      hostname: "127.0.0.1",
      port: 0,
      ...(secure ? { tls: { cert: CERT, key: KEY } } : {}),
      socket: {
        open: (socket) => {
          socket.data = { bytes: Buffer.alloc(0), connection: this.connections++ };
        },
        data: (socket, bytes) => {
          socket.data.bytes = Buffer.concat([socket.data.bytes, bytes]);
          for (let request = this.read(socket.data); request !== null; request = this.read(socket.data)) {
            this.heard.push(request);
            socket.write(answer(request, socket));
          }
        },
        error() {},
      },
    });
  }

  url(path = "/"): string {
    return `${this.secure ? "https" : "http"}://127.0.0.1:${this.listener.port}${path}`;
  }

  get last(): Heard {
    const last = this.heard.at(-1);
    if (last === undefined) throw new Error("nothing was heard");
    return last;
  }

  stop(): void {
    this.listener.stop(true);
  }

  /** The request that the bytes begin with; null: it is not whole. */
  private read(coming: Coming): Heard | null {
    const end = coming.bytes.indexOf("\r\n\r\n");
    if (end < 0) return null;
    const [first = "", ...lines] = coming.bytes.toString("latin1", 0, end).split("\r\n");
    const [method = "", path = ""] = first.split(" ");
    const fields: Record<string, string> = {};
    for (const line of lines) {
      const at = line.indexOf(":");
      const name = line.slice(0, at).toLowerCase();
      const value = line.slice(at + 1).trim();
      fields[name] = fields[name] === undefined ? value : `${fields[name]}, ${value}`;
    }
    const from = end + 4;
    const to = from + Number(fields["content-length"] ?? 0);
    if (coming.bytes.length < to) return null;
    const body = coming.bytes.subarray(from, to);
    coming.bytes = coming.bytes.subarray(to);
    return { method, path, fields, body, connection: coming.connection };
  }
}

/** An answer, with its length. */
export function said(status: number, fields: Readonly<Record<string, string>> = {}, body = "ok"): string {
  const lines = Object.entries({ "content-length": String(Buffer.byteLength(body)), ...fields }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  return `HTTP/1.1 ${status} X\r\n${lines.join("")}\r\n${body}`;
}
