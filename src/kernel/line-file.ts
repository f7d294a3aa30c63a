import { closeSync, fchmodSync, fstatSync, openSync, writeSync } from "node:fs";
import { fileProblem } from "./file-problem.ts";
import { printable } from "./text.ts";

const BUFFERED = 65_536;

/**
 * Lines that several threads append to one file, each line whole: every write goes to the end of the file (O_APPEND) and holds only whole
 * lines.
 */
export class LineFile {
  private readonly descriptor: number;
  private buffered = "";
  private open = true;
  /** Why nothing more is written; null: no error. An error here never ends the run that the lines are about. */
  problem: string | null = null;

  constructor(private readonly file: string) {
    this.descriptor = openSync(file, "a", 0o600);
  }

  /** Creates the file, empty and readable by its owner alone; replaces any content. */
  static create(file: string): void {
    const descriptor = openSync(file, "w", 0o600);
    // The mode of anything but a regular file, such as a device, is left alone.
    if (fstatSync(descriptor).isFile()) fchmodSync(descriptor, 0o600);
    closeSync(descriptor);
  }

  add(value: unknown): void {
    this.buffered += `${JSON.stringify(value)}\n`;
    if (this.buffered.length > BUFFERED) this.flush();
  }

  flush(): void {
    if (this.buffered === "" || !this.open) return;
    const bytes = Buffer.from(this.buffered);
    this.buffered = "";
    if (this.problem !== null) return;
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.descriptor, bytes, at);
    } catch (error) {
      this.problem = `${printable(this.file, 200)} could not be written to its end: ${fileProblem(error)}.`;
    }
  }

  close(): void {
    this.flush();
    if (this.open) closeSync(this.descriptor);
    this.open = false;
  }
}
