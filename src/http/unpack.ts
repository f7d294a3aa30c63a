import { pipeline, Readable, type Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from "node:zlib";
import type { BodySink } from "./transport.ts";

type Pieces = AsyncIterable<Uint8Array>;

/** More than any server means: each takes memory, and each may unfold a thousandfold. */
const MOST_CODINGS = 5;
/** Bytes that wait to be unpacked from which on the sender is to wait, and down to which. */
const MUCH = 262_144;
const LITTLE = 65_536;

/** Undoes a content coding. What is empty stays so, as curl and browsers have it. */
const UNDONE: Readonly<Record<string, (pieces: Pieces) => Pieces>> = {
  gzip: (pieces) => begun(pieces, () => by(createGunzip())),
  "x-gzip": (pieces) => begun(pieces, () => by(createGunzip())),
  deflate: (pieces) => begun(pieces, (head) => by(isZlib(head) ? createInflate() : createInflateRaw())),
  br: (pieces) => begun(pieces, () => by(createBrotliDecompress())),
  // Node's own does not tell of a body that is cut.
  zstd: (pieces) => begun(pieces, () => byZstd),
};

/** The codings of a body (RFC 9110, 8.4) in the order in which they are undone; throws where one is not known. */
function codingsOf(field: string | null): readonly string[] {
  const names = (field ?? "")
    .split(",")
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "" && name !== "identity");
  const known = names.length <= MOST_CODINGS && names.every((name) => Object.hasOwn(UNDONE, name));
  if (!known) throw Object.assign(new Error("a body is packed in a way that is not known"), { code: "UnknownEncoding" });
  return names.reverse();
}

/** A body that comes packed, a piece at a time, and goes on unpacked. */
class Unpacker {
  private readonly pieces: Uint8Array[] = [];
  private bytes = 0;
  private ended = false;
  private abandoned = false;
  private wake: (() => void) | null = null;
  /** Ends when all is unpacked; rejects where it cannot be. */
  readonly done: Promise<void>;

  constructor(
    codings: readonly string[],
    private readonly write: (piece: Uint8Array) => void,
    /** Told that there is room again after `add` said that there is none. */
    private readonly onRoom: () => void,
  ) {
    this.done = this.run(codings);
    // Whoever waits for it hears of it; nobody may wait any more.
    this.done.catch(() => {});
  }

  /** False when the sender had better wait. The piece is the unpacker's own from here on. */
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

  /** Nobody wants it any more; nothing more is handed on. */
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

/** A body on its way to who takes it in: as it comes, or unpacked. */
export class BodyWriter {
  private readonly unpacker: Unpacker | null;

  /** Throws where it is packed in a way that is not known. */
  constructor(
    private readonly sink: BodySink,
    encoding: string | null,
    onRoom: () => void,
  ) {
    const codings = codingsOf(encoding);
    this.unpacker = codings.length === 0 ? null : new Unpacker(codings, (piece) => sink.write(piece), onRoom);
  }

  /** False when the sender had better wait. The piece may be others' afterwards. Throws where it cannot be written. */
  add(piece: Uint8Array): boolean {
    if (this.unpacker !== null) return this.unpacker.add(Uint8Array.from(piece));
    this.sink.write(piece);
    return true;
  }

  /** All of it is there; undefined: it is all written. Rejects where it cannot be unpacked or written. */
  end(): Promise<void> | undefined {
    this.unpacker?.end();
    return this.unpacker?.done;
  }

  /** Ends when it can be seen that it cannot be unpacked, or all is. */
  get settled(): Promise<void> | undefined {
    return this.unpacker?.done;
  }

  abandon(): void {
    this.unpacker?.abandon();
  }
}

const same = (pieces: Pieces): Pieces => pieces;

/** What tells the forms of `deflate` apart; enough to tell that there is something. */
const HEAD = 2;

/** Chooses how to undo what comes by what it begins with; nothing, where nothing comes. */
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

/** What goes wrong is thrown to whoever reads what comes out. */
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

/** `deflate` is zlib's format (RFC 1950) by the book, and bare (RFC 1951) from servers that read it otherwise: two bytes tell. */
function isZlib(head: Uint8Array): boolean {
  const [first = 0, second = 0] = head;
  return (first & 0x0f) === 8 && (first * 256 + second) % 31 === 0;
}
