import { chmodSync, closeSync, openSync, writeSync } from "node:fs";

const BUFFERED = 65_536;

/**
 * Lines that several threads append to one file, each line whole: every write goes to the end of the file (O_APPEND) and
 * holds whole lines only.
 */
export class LineFile {
  private readonly descriptor: number;
  private buffered = "";
  private open = true;

  constructor(file: string) {
    this.descriptor = openSync(file, "a", 0o600);
  }

  /** Makes the file, empty and readable by its owner alone; whatever was there is gone. */
  static create(file: string): void {
    closeSync(openSync(file, "w", 0o600));
    chmodSync(file, 0o600);
  }

  add(value: unknown): void {
    this.buffered += `${JSON.stringify(value)}\n`;
    if (this.buffered.length > BUFFERED) this.flush();
  }

  flush(): void {
    if (this.buffered === "" || !this.open) return;
    const bytes = Buffer.from(this.buffered);
    this.buffered = "";
    for (let at = 0; at < bytes.length; ) at += writeSync(this.descriptor, bytes, at);
  }

  close(): void {
    this.flush();
    if (this.open) closeSync(this.descriptor);
    this.open = false;
  }
}
