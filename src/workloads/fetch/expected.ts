import type { ResponseHead } from "../../http/transport.ts";
import { type BodySink, BodyTooLong } from "../../http/transport.ts";
import type { FetchSettings } from "../../scenario/schema.ts";

/** The part of a response that failed the scenario's expectation. */
export type Unmet = "expect.status" | "expect.header" | "expect.body" | "expect.bytes";

/** A body failed an expectation, found while it was read. */
class UnmetExpectation extends Error {
  constructor(readonly unmet: Unmet) {
    super(unmet);
  }
}

/** The failed expectation behind an error thrown while reading a body; null: another error. */
export function unmetOf(error: unknown): Unmet | null {
  if (error instanceof BodyTooLong) return "expect.bytes";
  return error instanceof UnmetExpectation ? error.unmet : null;
}

type Expectations = NonNullable<FetchSettings["expect"]>;

/** The scenario's expectations of responses. */
export class AnswerExpectation {
  private readonly needle: Uint8Array | null;
  private readonly most: number;
  private readonly headers: readonly (readonly [name: string, text: string])[];

  constructor(private readonly expect: Expectations) {
    this.needle = expect.bodyContains === undefined ? null : new TextEncoder().encode(expect.bodyContains);
    this.most = expect.maxBytes ?? Number.POSITIVE_INFINITY;
    this.headers = Object.entries(expect.header ?? {}).map(([name, text]) => [name.toLowerCase(), text] as const);
  }

  /** Whether a status counts as success. */
  wants(status: number): boolean {
    return this.expect.status === undefined ? isSuccess(status) : this.names(status);
  }

  /** Whether the scenario names this very status, so that it is final even if it redirects. */
  names(status: number): boolean {
    return this.expect.status?.some(({ min, max }) => status >= min && status <= max) === true;
  }

  /** The failed expectation of a head; null: none, or only its status where the scenario names none. */
  ofHead(head: ResponseHead, bare: boolean): Unmet | null {
    if (!this.wants(head.status)) return this.expect.status === undefined ? null : "expect.status";
    if (this.headers.some(([name, text]) => head.field(name)?.includes(text) !== true)) return "expect.header";
    return !bare && Number(head.field("content-length") ?? 0) > this.most ? "expect.bytes" : null;
  }

  /** A sink that checks a body before `onwards`; null: bodies need counting only. */
  look(onwards: BodySink | null): BodyLook | null {
    return this.needle === null && (onwards === null || this.most === Number.POSITIVE_INFINITY)
      ? null
      : new BodyLook(this.needle, this.most, onwards);
  }
}

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/** Checks a decompressed body as it passes. */
class BodyLook implements BodySink {
  /** End of the data so far, which may begin a match. */
  private tail: Uint8Array = new Uint8Array();
  private found: boolean;
  private bytes = 0;

  constructor(
    private readonly needle: Uint8Array | null,
    private readonly most: number,
    private readonly onwards: BodySink | null,
  ) {
    this.found = needle === null || needle.length === 0;
  }

  write(piece: Uint8Array): void {
    this.bytes += piece.length;
    if (this.bytes > this.most) throw new UnmetExpectation("expect.bytes");
    if (!this.found && this.needle !== null) this.search(piece, this.needle);
    this.onwards?.write(piece);
  }

  private search(piece: Uint8Array, needle: Uint8Array): void {
    const whole = this.tail.length === 0 ? piece : Buffer.concat([this.tail, piece]);
    this.found = Buffer.from(whole.buffer, whole.byteOffset, whole.length).includes(needle);
    this.tail = Uint8Array.from(whole.subarray(Math.max(0, whole.length - needle.length + 1)));
  }

  /** Checks the body at its end. */
  end(): void {
    if (!this.found) throw new UnmetExpectation("expect.body");
  }
}
