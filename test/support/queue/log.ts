import { closeSync, openSync, writeSync } from "node:fs";

/** Lines of a file that several processes append to; what was written is there even when its writer is killed. */
export class SharedLog {
  private readonly descriptor: number;

  constructor(file: string) {
    this.descriptor = openSync(file, "a");
  }

  /** Whole lines in one write, so that those of two processes do not mix. */
  write(lines: readonly string[]): void {
    if (lines.length > 0) writeSync(this.descriptor, `${lines.join("\n")}\n`);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}
