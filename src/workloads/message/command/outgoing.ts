/** A pipe to write to: `flush` returns a promise while the pipe is full. */
export interface Pipe {
  write(text: string): unknown;
  flush(): unknown;
}

/** Characters handed to the pipe at once, at most; a longer line goes alone. */
const PIECE = 1 << 20;

/**
 * Lines on their way to a program. What is written in one turn goes out together; while the pipe is full the rest waits here, which the
 * number of messages in flight bounds.
 */
export class Outgoing {
  private lines: string[] = [];
  private flushing = false;

  constructor(private readonly pipe: Pipe) {}

  write(line: string): void {
    this.lines.push(line);
    if (this.flushing) return;
    this.flushing = true;
    queueMicrotask(() => void this.flush());
  }

  /** The end of a program is noticed elsewhere: what cannot be written is dropped. */
  private async flush(): Promise<void> {
    try {
      while (this.lines.length > 0) {
        const written = this.pipe.write(this.nextPiece());
        const flushed = this.pipe.flush();
        if (written instanceof Promise || flushed instanceof Promise) await Promise.all([written, flushed]);
      }
    } catch {
      this.lines = [];
    }
    this.flushing = false;
  }

  private nextPiece(): string {
    let size = 0;
    let count = 0;
    while (count < this.lines.length && (count === 0 || size + (this.lines[count] as string).length <= PIECE)) {
      size += (this.lines[count] as string).length;
      count++;
    }
    return this.lines.splice(0, count).join("");
  }
}
