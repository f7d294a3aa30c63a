import { printable } from "../../../kernel/text.ts";

/** Lines kept, and columns of each. */
const KEPT_LINES = 100;
const COLUMNS = 200;
/** Bytes of a line that are looked at. */
const LONGEST = 4096;

/** A program's lines on standard error: the first 100, and the last. Whatever more it writes takes no memory. */
export class StandardError {
  readonly lines: string[] = [];
  /** The last line that is not blank; "": there was none. */
  last = "";
  private part = "";
  private readonly decoder = new TextDecoder();

  read(bytes: Uint8Array): void {
    const pieces = this.decoder.decode(bytes, { stream: true }).split("\n");
    const rest = pieces.pop() ?? "";
    for (const piece of pieces) {
      this.keep(this.part + piece);
      this.part = "";
    }
    this.part = (this.part + rest).slice(0, LONGEST);
  }

  /** Keeps the last line, though nothing ended it. */
  end(): void {
    this.keep(this.part);
    this.part = "";
  }

  private keep(line: string): void {
    if (line.trim() === "") return;
    const shown = this.lines.length < KEPT_LINES ? printable(line.slice(0, LONGEST).trimEnd(), COLUMNS) : null;
    if (shown !== null) this.lines.push(shown);
    this.last = shown ?? line.slice(0, LONGEST);
  }

  /** The last line in brackets, for the end of a reason; "": there was none. */
  get told(): string {
    return this.last === "" ? "" : `: ${printable(this.last.trim(), COLUMNS)}`;
  }
}
