import { constants, openSync, writeSync } from "node:fs";
import type { WriteStream } from "node:tty";

/** How long a terminal that takes nothing is left alone before it is tried again, in milliseconds. */
const RETRY_MS = 20;

/** Bytes that wait for terminals of this process to take them. */
const writers = new Set<TerminalWriter>();

/**
 * Writes to a terminal without ever waiting for it. A terminal that does not read (Ctrl-S, an ssh that is stuck) would hold a blocking
 * write, and with it every signal and every message, for as long as it likes. The terminal is opened anew for that, since not to block is
 * a property of the open file, which the shell and its other programs share. What it does not take waits here, in order.
 */
export class TerminalWriter {
  private waiting: Buffer[] = [];
  private retrying = false;

  /** `writeTo`: how many bytes it took; throws EAGAIN when it takes none. `later`: does something in a while. */
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
    // Before what waits already nothing may overtake.
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

  /** How many bytes the terminal took; null: none now. One that is gone takes everything. */
  private take(bytes: Buffer): number | null {
    try {
      const taken = this.writeTo(this.descriptor, bytes);
      return taken === 0 && bytes.length > 0 ? null : taken;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "EAGAIN" ? null : bytes.length;
    }
  }
}

/** From now on nothing that is written to this stream waits for it, where it is a terminal that can be opened anew. */
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
    // All that is drawn and said is text in UTF-8.
    writer.write(Buffer.from(chunk as string));
    const told = typeof encoding === "function" ? encoding : done;
    if (typeof told === "function") queueMicrotask(() => told(null));
    return writer.empty;
  };
}

/** True while a terminal has not taken all that was written: a new picture would only wait behind the old ones. */
export function terminalBehind(): boolean {
  for (const writer of writers) if (!writer.empty) return true;
  return false;
}

/** Resolves once all terminals have taken everything, or after a timeout in milliseconds. */
export async function terminalsCaughtUp(longestMs: number): Promise<void> {
  for (const until = performance.now() + longestMs; terminalBehind() && performance.now() < until; ) await Bun.sleep(RETRY_MS);
}
