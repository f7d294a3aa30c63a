import { constants, openSync, writeSync } from "node:fs";
import type { WriteStream } from "node:tty";

/** Wait before a terminal that accepts nothing is tried again, in milliseconds. */
const RETRY_MS = 20;

/** Writers of this process with bytes that their terminals have not taken. */
const writers = new Set<TerminalWriter>();

/**
 * Writes to a terminal without ever waiting for it. A terminal that does not read (Ctrl-S, a stalled ssh) would block a write, and with it
 * every signal and message, indefinitely. The terminal is opened anew, since non-blocking mode is a property of the open file, which the
 * shell and its other programs share. What it does not take waits here, in order.
 */
export class TerminalWriter {
  private waiting: Buffer[] = [];
  private retrying = false;

  /** `writeTo`: returns how many bytes it took; throws EAGAIN when it takes none. `later`: runs something after a while. */
  constructor(
    private readonly descriptor: number,
    private readonly writeTo: (descriptor: number, bytes: Buffer) => number = writeSync,
    private readonly later: (act: () => void) => void = (act) => setTimeout(act, RETRY_MS),
  ) {}

  get empty(): boolean {
    return this.waiting.length === 0;
  }

  write(bytes: Buffer): void {
    this.waiting.push(bytes);
    // New bytes must not overtake waiting ones.
    if (!this.retrying) this.flush();
  }

  private flush(): void {
    this.retrying = false;
    for (let next = this.waiting[0]; next !== undefined; next = this.waiting[0]) {
      const taken = this.take(next);
      if (taken === null) {
        this.retrying = true;
        this.later(() => this.flush());
        return;
      }
      if (taken < next.length) this.waiting[0] = next.subarray(taken);
      else this.waiting.shift();
    }
  }

  /** Bytes that the terminal took; null: none now. A terminal that is gone takes everything. */
  private take(bytes: Buffer): number | null {
    try {
      const taken = this.writeTo(this.descriptor, bytes);
      return taken === 0 && bytes.length > 0 ? null : taken;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "EAGAIN" ? null : bytes.length;
    }
  }
}

/** Makes writes to this stream non-blocking, where it is a terminal that can be opened anew. */
export function neverWaitFor(stream: WriteStream & { readonly fd: number }): void {
  if (!stream.isTTY) return;
  let descriptor: number;
  try {
    descriptor = openSync(`/proc/self/fd/${stream.fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch {
    return;
  }
  const writer = new TerminalWriter(descriptor);
  writers.add(writer);
  stream.write = (chunk: Uint8Array | string, encoding?: unknown, done?: unknown): boolean => {
    // All output is text in UTF-8.
    writer.write(Buffer.from(chunk as string));
    const told = typeof encoding === "function" ? encoding : done;
    if (typeof told === "function") queueMicrotask(() => told(null));
    return writer.empty;
  };
}

/** True while a terminal has not taken everything: another frame would only queue behind the old ones. */
export function terminalBehind(): boolean {
  for (const writer of writers) if (!writer.empty) return true;
  return false;
}

/** Resolves once all terminals have taken everything, or after `longestMs` milliseconds. */
export async function terminalsCaughtUp(longestMs: number): Promise<void> {
  for (const until = performance.now() + longestMs; terminalBehind() && performance.now() < until; ) await Bun.sleep(RETRY_MS);
}
