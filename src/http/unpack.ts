import { pipeline, Readable, type Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from "node:zlib";
import type { BodySink } from "./transport.ts";

type Pieces = AsyncIterable<Uint8Array>;

/** More than any server uses: each takes memory, and each may expand a thousandfold. */
const MOST_CODINGS = 5;
/** Bytes waiting to be decompressed at which the sender pauses, and at which it resumes. */
const MUCH = 262_144;
const LITTLE = 65_536;

/** Decoders by content coding. An empty body stays empty, as in curl and browsers. */
const UNDONE: Readonly<Record<string, (pieces: Pieces) => Pieces>> = {
  gzip: (pieces) => begun(pieces, () => by(createGunzip())),
  "x-gzip": (pieces) => begun(pieces, () => by(createGunzip())),
  deflate: (pieces) => begun(pieces, (head) => by(isZlib(head) ? createInflate() : createInflateRaw())),
  br: (pieces) => begun(pieces, () => by(createBrotliDecompress())),
  // Node's own zstd does not report a truncated body.
  zstd: (pieces) => begun(pieces, () => byZstd),
};

/** The codings of a body (RFC 9110, 8.4) in the order of decoding; throws where one is unknown. */
function codingsOf(field: string | null): readonly string[] {
  const names = (field ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "" && name !== "identity");
  const known = names.length <= MOST_CODINGS && names.every((name) => Object.hasOwn(UNDONE, name));
  if (!known) throw Object.assign(new Error("a body is packed in a way that is not known"), { code: "UnknownEncoding" });
  return names.reverse();
}

/** Decompresses a body piece by piece. */
class Unpacker {
  private readonly pieces: Uint8Array[] = [];
  private bytes = 0;
  private ended = false;
  private abandoned = false;
  private wake: (() => void) | null = null;
  /** Resolves when all is decompressed; rejects where it cannot be. */
  readonly done: Promise<void>;

  constructor(
    codings: readonly string[],
    private readonly write: (piece: Uint8Array) => void,
    /** Called when there is room again after `add` returned false. */
    private readonly onRoom: () => void,
  ) {
    this.done = this.run(codings);
    // The error reaches those that await it, possibly none.
    this.done.catch(() => {});
  }

  /** Adds a piece, which then belongs to the unpacker. False when the sender should pause. */
  add(piece: Uint8Array): boolean {
    this.pieces.push(piece);
    this.bytes += piece.length;
    this.wake?.();
    return this.bytes < MUCH;
  }

  end(): void {
    this.ended = true;
    this.wake?.();
  }

  /** Abandons the body: no more output. */
  abandon(): void {
    this.abandoned = true;
    this.wake?.();
  }

  private async run(codings: readonly string[]): Promise<void> {
    let pieces: Pieces = this.taken();
    for (const name of codings) pieces = (UNDONE[name] ?? same)(pieces);
    for await (const piece of pieces) {
      if (this.abandoned) return;
      this.write(piece);
    }
  }

  private async *taken(): Pieces {
    while (!this.abandoned) {
      const piece = this.pieces.shift();
      if (piece !== undefined) {
        const before = this.bytes;
        this.bytes -= piece.length;
        if (before >= LITTLE && this.bytes < LITTLE) this.onRoom();
        yield piece;
      } else if (this.ended) return;
      else {
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
        this.wake = null;
      }
    }
  }
}

/** Passes a body to its sink, as it comes or decompressed. */
export class BodyWriter {
  private readonly unpacker: Unpacker | null;

  /** Throws where a content coding is unknown. */
  constructor(
    private readonly sink: BodySink,
    encoding: string | null,
    onRoom: () => void,
  ) {
    const codings = codingsOf(encoding);
    this.unpacker = codings.length === 0 ? null : new Unpacker(codings, (piece) => sink.write(piece), onRoom);
  }

  /** Adds a piece, whose buffer may be reused afterwards. False when the sender should pause. Throws where it cannot be written. */
  add(piece: Uint8Array): boolean {
    if (this.unpacker !== null) return this.unpacker.add(Uint8Array.from(piece));
    this.sink.write(piece);
    return true;
  }

  /** Ends the body; undefined: all of it is written. Rejects where it cannot be decompressed or written. */
  end(): Promise<void> | undefined {
    this.unpacker?.end();
    return this.unpacker?.done;
  }

  /** Settles when all is decompressed, or as soon as it is known that it cannot be. */
  get settled(): Promise<void> | undefined {
    return this.unpacker?.done;
  }

  abandon(): void {
    this.unpacker?.abandon();
  }
}

const same = (pieces: Pieces): Pieces => pieces;

/** Bytes that distinguish the forms of `deflate`, and show that there is content. */
const HEAD = 2;

/** Chooses a decoder by the first bytes; no output for no input. */
async function* begun(pieces: Pieces, choose: (head: Uint8Array) => (packed: Pieces) => Pieces): Pieces {
  const rest = pieces[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array();
  while (head.length < HEAD) {
    const next = await rest.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  if (head.length > 0) yield* choose(head)(after(head, rest));
}

/** Decodes by a transform; its errors are thrown to the reader of the output. */
function by(transform: Transform): (packed: Pieces) => Pieces {
  return (packed) => {
    pipeline(Readable.from(packed), transform, () => {});
    return transform;
  };
}

function byZstd(packed: Pieces): Pieces {
  const pieces = packed[Symbol.asyncIterator]();
  const source = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const next = await pieces.next();
      if (next.done === true) controller.close();
      else controller.enqueue(Uint8Array.from(next.value));
    },
  });
  return source.pipeThrough(new DecompressionStream("zstd"));
}

async function* after(head: Uint8Array, rest: AsyncIterator<Uint8Array>): Pieces {
  yield head;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

/** `deflate` means zlib's format (RFC 1950), but some servers send it raw (RFC 1951): the first two bytes distinguish them. */
function isZlib(head: Uint8Array): boolean {
  const [first = 0, second = 0] = head;
  return (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0;
}
