import { closeSync, openSync, readFileSync, writeSync } from "node:fs";

const END = " .";

/** The finished lines of a log, and how many there are that were not. */
export function readLog(file: string): { readonly lines: string[]; readonly broken: number } {
  const all = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "");
  const lines = all.filter((line) => line.endsWith(END)).map((line) => line.slice(0, -END.length));
  return { lines, broken: all.length - lines.length };
}

/** Lines of a file that several processes append to; what was written is there even when its writer is killed. */
export class SharedLog {
  private readonly descriptor: number;

  constructor(file: string) {
    this.descriptor = openSync(file, "a");
  }

  /**
   * Lines in one write, so that those of two processes do not mix. A killed process may leave a write half done, at a page's end: each write
   * begins on a line of its own, and a line without its end mark was never finished.
   */
  write(lines: readonly string[]): void {
    if (lines.length > 0) writeSync(this.descriptor, `\n${lines.map((line) => line + END).join("\n")}\n`);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
