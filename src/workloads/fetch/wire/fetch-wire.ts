import type { Saved } from "../save.ts";
import { CORRELATION, type Head, isShort, type Wire } from "./wire.ts";

/** As the global `fetch`. */
export type Fetch = (url: string, init: BunFetchRequestInit) => Promise<Response>;

/** Requests by `fetch`: over TLS, through proxies, and wherever a body is kept. */
export class FetchWire implements Wire {
  bytes = 0;
  /** Kept for reuse: a signal of its own for each request would cost as much as the request. */
  private controller = new AbortController();
  private response = new Response();
  private head: Head = { status: 0, field: () => null };

  constructor(
    private readonly keepAlive: boolean,
    private readonly fetch: Fetch,
  ) {}

  async send(url: string, id: string, _fresh = false): Promise<Head> {
    if (this.controller.signal.aborted) this.controller = new AbortController();
    this.bytes = 0;
    const headers: Record<string, string> = this.keepAlive ? { [CORRELATION]: id } : { [CORRELATION]: id, connection: "close" };
    // `fetch` would unpack a body as fast as it comes: nobody is made to hold what a few bytes unfold into.
    const init: BunFetchRequestInit = { signal: this.controller.signal, redirect: "manual", headers, decompress: false };
    // Kept alive is what `fetch` does by itself, and to be told so costs it time.
    if (!this.keepAlive) init.keepalive = false;
    const response = await this.fetch(url, init);
    this.response = response;
    this.head = { status: response.status, field: (name) => response.headers.get(name) };
    return this.head;
  }

  async take(saved: Saved | null): Promise<void> {
    if (saved === null && isShort(this.head)) return this.takeWhole();
    const reader = (saved === null ? this.response.body : this.unpacked(this.response))?.getReader();
    for (let piece = await reader?.read(); piece !== undefined && !piece.done; piece = await reader?.read()) {
      if (saved === null) this.bytes += piece.value.byteLength;
      else saved.write(piece.value);
    }
  }

  async leave(): Promise<void> {
    try {
      if (isShort(this.head)) await this.takeWhole();
      else await this.response.body?.cancel();
    } catch {
      this.breakOff();
    }
  }

  breakOff(): void {
    this.controller.abort();
  }

  private async takeWhole(): Promise<void> {
    this.bytes += (await this.response.arrayBuffer()).byteLength;
  }

  /** A body as it is to be kept, a piece at a time; what crossed the network is counted. */
  private unpacked({ body, headers }: Response): ReadableStream<Uint8Array> | null {
    const counted = body?.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array<ArrayBuffer>>({
        transform: (piece, controller) => {
          this.bytes += piece.byteLength;
          controller.enqueue(piece as Uint8Array<ArrayBuffer>);
        },
      }),
    );
    const format = ENCODINGS[headers.get("content-encoding")?.trim().toLowerCase() ?? ""];
    if (counted === undefined) return null;
    return format === undefined ? counted : counted.pipeThrough(new DecompressionStream(format));
  }
}

/** Names of encodings in HTTP and as streams. */
const ENCODINGS: Readonly<Record<string, ConstructorParameters<typeof DecompressionStream>[0]>> = {
  gzip: "gzip",
  "x-gzip": "gzip",
  deflate: "deflate",
  br: "brotli",
  zstd: "zstd",
};
