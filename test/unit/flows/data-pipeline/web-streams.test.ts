import { describe, expect, test } from "bun:test";
import { DataPipeline, ReactiveStream } from "../../../../src/flows/index.ts";
import { quiet } from "../../../support/flow-oddities.ts";
import { settled } from "../../../support/virtual-timers.ts";

/**
 * What the Streams Standard (https://streams.spec.whatwg.org) makes of a pair of a readable and a writable, asked of a pipeline's: by the
 * areas of the platform's own tests that apply to streams an application is handed.
 */

const reason = new Error("reason");
const other = new Error("other");

/** Reads all; `error` as the reader gets it. */
async function read<T>(readable: ReadableStream<T>): Promise<{ values: T[]; error: unknown }> {
  const values: T[] = [];
  const reader = readable.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return { values, error: null };
      values.push(value);
    }
  } catch (error) {
    return { values, error };
  }
}

const rejection = (work: Promise<unknown>) =>
  work.then(
    () => "fulfilled",
    (error: unknown) => error,
  );

/** A source of numbers from 1 on; it counts what was pulled, and keeps the reason it was cancelled with. */
function source(count: number, end: "close" | "error" | "none" = "close") {
  const seen = { pulled: 0, cancelled: [] as unknown[] };
  const readable = new ReadableStream<number>(
    {
      pull: (controller) => {
        if (seen.pulled < count) controller.enqueue(++seen.pulled);
        else if (end === "close") controller.close();
        else if (end === "error") controller.error(reason);
        else return new Promise<void>(() => {});
        return undefined;
      },
      cancel: (why) => void seen.cancelled.push(why),
    },
    { highWaterMark: 0 },
  );
  return { readable, seen };
}

/** A destination that fails at its `failsAt`th chunk, if at all; it keeps what it was written, and how it ended. */
function destination(failsAt = Number.POSITIVE_INFINITY) {
  const seen = { written: [] as number[], ends: [] as unknown[] };
  const writable = new WritableStream<number>({
    write: (value) => {
      if (seen.written.length + 1 >= failsAt) throw other;
      seen.written.push(value);
    },
    close: () => void seen.ends.push("closed"),
    abort: (why) => void seen.ends.push(why),
  });
  return { writable, seen };
}

/** Adds ten to everything, one after another; items wait while `held`. */
function pipeline(options: { buffer?: number; outputBuffer?: number } = {}) {
  const gate = Promise.withResolvers<void>();
  let held = false;
  const p = DataPipeline.of<number>("p", {
    ...quiet,
    ...(options.outputBuffer === undefined ? {} : { outputBuffer: options.outputBuffer }),
  }).stage(
    "add",
    async (value) => {
      if (held) await gate.promise;
      return value + 10;
    },
    { buffer: options.buffer ?? 4 },
  );
  return {
    p,
    hold: () => {
      held = true;
    },
    free: () => gate.resolve(),
  };
}

describe("F-2 a pipeline's writable, by the standard", () => {
  test("says when it is full, and when there is room again", async () => {
    const { p, hold, free } = pipeline({ buffer: 1 });
    p.discard();
    hold();
    const writer = p.writable.getWriter();
    expect(writer.desiredSize).toBe(1);
    const writes = [1, 2, 3, 4].map((value) => writer.write(value));
    await settled();
    const states = () => writes.map((write) => Bun.peek.status(write));
    // One at work, one in the buffer.
    expect([states(), writer.desiredSize, Bun.peek.status(writer.ready)]).toEqual([
      ["fulfilled", "fulfilled", "pending", "pending"],
      -1,
      "pending",
    ]);
    free();
    await Promise.all(writes);
    await writer.ready;
    expect([writer.desiredSize, p.stats().fed]).toEqual([1, 4]);
    await writer.close();
  });

  test("closed, it takes nothing more; `closed` says so", async () => {
    const { p } = pipeline();
    const reading = read(p.readable);
    const writer = p.writable.getWriter();
    await writer.write(1);
    await writer.close();
    expect([await writer.closed, writer.desiredSize]).toEqual([undefined, 0]);
    expect(await rejection(writer.write(2))).toBeInstanceOf(TypeError);
    expect(await rejection(writer.close())).toBeInstanceOf(TypeError);
    expect(await reading).toEqual({ values: [11], error: null });
  });

  test("aborted, it is errored: writes, `ready` and `closed` reject with the reason", async () => {
    const { p, hold } = pipeline({ buffer: 1 });
    hold();
    const writer = p.writable.getWriter();
    const waits = [writer.write(1), writer.write(2), writer.write(3), writer.closed];
    await settled();
    await writer.abort(reason);
    expect(await Promise.all(waits.map(rejection))).toEqual(["fulfilled", "fulfilled", reason, reason]);
    expect(await rejection(writer.ready)).toBe(reason);
    expect(writer.desiredSize).toBe(null);
  });

  test("an abort without a reason is an AbortError inside", async () => {
    const { p } = pipeline();
    const reading = read(p.readable);
    await p.writable.abort();
    expect((await reading).error).toMatchObject({ name: "AbortError" });
  });
});

describe("F-2 a pipeline's readable, by the standard", () => {
  test("reads ahead no further than its buffers", async () => {
    const { p } = pipeline({ buffer: 1, outputBuffer: 2 });
    const { readable, seen } = source(1000);
    const piping = readable.pipeTo(p.writable);
    const reader = p.readable.getReader();
    expect(await reader.read()).toEqual({ done: false, value: 11 });
    await settled();
    expect(seen.pulled).toBeLessThan(12);
    await reader.cancel(reason);
    expect([await rejection(piping), seen.cancelled]).toEqual([reason, [reason]]);
  });

  test("a lock that is released leaves what was not read to the next reader", async () => {
    const { p } = pipeline();
    const { readable } = p;
    const first = readable.getReader();
    expect(() => readable.getReader()).toThrow(TypeError);
    const pending = first.read();
    first.releaseLock();
    expect([await rejection(pending), readable.locked]).toEqual([expect.any(TypeError), false]);
    await p.feed(1);
    await p.close();
    expect(await read(readable)).toEqual({ values: [11], error: null });
  });

  test("errored, it stays so: what had come before is lost to nobody who read it, and every later read rejects", async () => {
    const { p, hold } = pipeline();
    const reader = p.readable.getReader();
    await p.feed(1);
    expect(await reader.read()).toEqual({ done: false, value: 11 });
    hold();
    await p.feed(2);
    await p.writable.abort(reason);
    expect([await rejection(reader.read()), await rejection(reader.read()), await rejection(reader.closed)]).toEqual([
      reason,
      reason,
      reason,
    ]);
  });

  test("a loop that breaks off cancels it, unless it is told not to", async () => {
    const { p } = pipeline();
    for (const value of [1, 2, 3]) await p.feed(value);
    const { readable } = p;
    for await (const value of readable.values({ preventCancel: true })) {
      expect(value).toBe(11);
      break;
    }
    for await (const value of readable) {
      expect(value).toBe(12);
      break;
    }
    expect(await rejection(p.feed(4))).not.toBe("fulfilled");
  });

  test("both branches of a tee have everything; one that leaves does not end the other", async () => {
    const { p } = pipeline();
    const [a, b] = p.readable.tee();
    const reader = a.getReader();
    const reading = read(b);
    await p.feed(1);
    expect(await reader.read()).toEqual({ done: false, value: 11 });
    void reader.cancel(other);
    for (const value of [2, 3]) await p.feed(value);
    await p.close();
    expect(await reading).toEqual({ values: [11, 12, 13], error: null });
  });

  test("both branches of a tee that leave cancel it, with both reasons", async () => {
    const { p, hold } = pipeline();
    hold();
    const { readable, seen } = source(2, "none");
    const piping = readable.pipeTo(p.writable);
    const [a, b] = p.readable.tee();
    await settled();
    await Promise.all([a.cancel(reason), b.cancel(other)]);
    expect([await rejection(piping), seen.cancelled]).toEqual([[reason, other], [[reason, other]]] as never);
  });
});

describe("F-2 piping through a pipeline, by the standard", () => {
  test("an end goes forward, and locks are released", async () => {
    const { p } = pipeline();
    const [from, to] = [source(5), destination()];
    const { readable, writable } = p;
    const piping = [from.readable.pipeTo(writable), readable.pipeTo(to.writable)];
    expect([readable.locked, writable.locked]).toEqual([true, true]);
    await Promise.all(piping);
    expect(to.seen).toEqual({ written: [11, 12, 13, 14, 15], ends: ["closed"] });
    expect([readable.locked, writable.locked, from.readable.locked, to.writable.locked]).toEqual([false, false, false, false]);
  });

  test("an end goes no further where that is asked for", async () => {
    const { p } = pipeline();
    const to = destination();
    await source(2).readable.pipeTo(p.writable, { preventClose: true });
    await p.feed(3);
    const out = p.readable.pipeTo(to.writable, { preventClose: true });
    await p.close();
    await out;
    expect(to.seen).toEqual({ written: [11, 12, 13], ends: [] });
    await to.writable.close();
  });

  test("an error of the source goes forward, with its reason, unless that is not asked for", async () => {
    const { p } = pipeline();
    const to = destination();
    const piping = [source(2, "error").readable.pipeTo(p.writable), p.readable.pipeTo(to.writable)];
    expect(await Promise.all(piping.map(rejection))).toEqual([reason, reason]);
    expect(to.seen.ends).toEqual([reason]);
    const kept = pipeline().p;
    const reading = read(kept.readable);
    expect(await rejection(source(2, "error").readable.pipeTo(kept.writable, { preventAbort: true }))).toBe(reason);
    await kept.feed(3);
    await kept.close();
    expect(await reading).toEqual({ values: [11, 12, 13], error: null });
  });

  test("an error of the destination goes back to the source, with its reason, unless that is not asked for", async () => {
    const { p } = pipeline();
    const from = source(1000);
    const piping = [from.readable.pipeTo(p.writable), p.readable.pipeTo(destination(3).writable)];
    expect(await Promise.all(piping.map(rejection))).toEqual([other, other]);
    expect(from.seen.cancelled).toEqual([other]);
    const kept = pipeline().p;
    for (const value of [1, 2, 3, 4]) await kept.feed(value);
    const { readable } = kept;
    expect(await rejection(readable.pipeTo(destination(1).writable, { preventCancel: true }))).toBe(other);
    expect(readable.locked).toBe(false);
    await kept.close();
    expect((await read(readable)).error).toBe(null);
  });

  test("a signal ends piping at both ends, with its reason", async () => {
    const { p } = pipeline();
    const [from, to] = [source(2, "none"), destination()];
    const abort = new AbortController();
    const piping = [from.readable.pipeTo(p.writable, { signal: abort.signal }), p.readable.pipeTo(to.writable, { signal: abort.signal })];
    await settled();
    abort.abort(reason);
    expect(await Promise.all(piping.map(rejection))).toEqual([reason, reason]);
    await settled();
    expect([from.seen.cancelled, to.seen.ends]).toEqual([[reason], [reason]]);
  });
});

/** Of the standard; the types do not know it. */
const readableOf = <T>(values: AsyncIterable<T>): ReadableStream<T> =>
  (ReadableStream as unknown as { from(values: AsyncIterable<T>): ReadableStream<T> }).from(values);

describe("F-3 a reactive stream and Web Streams, by the standard", () => {
  test("it is a source of a readable: what was emitted, its end, its error; one that is cancelled unsubscribes", async () => {
    const stream = ReactiveStream.of<number>("s", quiet);
    const [a, b] = readableOf(stream).tee();
    const reading = Promise.all([read(a), read(b)]);
    await settled();
    for (const value of [1, 2, 3]) stream.emit(value);
    stream.complete();
    expect(await reading).toEqual([
      { values: [1, 2, 3], error: null },
      { values: [1, 2, 3], error: null },
    ]);
    const failing = ReactiveStream.from("s", source(2, "error").readable, quiet);
    expect(await read(readableOf(failing))).toEqual({ values: [1, 2], error: reason });
    const left = ReactiveStream.of<number>("s", quiet);
    const reader = readableOf(left).getReader();
    void reader.read();
    await settled();
    expect(left.stats().subscribers.length).toBe(1);
    left.emit(1);
    await settled();
    await reader.cancel();
    await settled();
    expect(left.stats().subscribers.length).toBe(0);
  });

  test("it takes a readable as slowly as it is followed, and cancels it when the last subscriber leaves", async () => {
    const { readable, seen } = source(10_000, "none");
    const stream = ReactiveStream.from("s", readable, quiet);
    const gate = Promise.withResolvers<void>();
    const subscriber = stream.subscribe(() => gate.promise);
    await settled();
    const pulled = seen.pulled;
    await settled();
    expect([pulled > 0, seen.pulled - pulled, pulled < 1100]).toEqual([true, 0, true]);
    subscriber.unsubscribe();
    gate.resolve();
    await settled();
    expect(seen.cancelled.length).toBe(1);
  });
});
