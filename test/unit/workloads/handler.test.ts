import { afterAll, describe, expect, test } from "bun:test";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { caughtAsStray, UnhandledErrors } from "../../../src/engine/work/unhandled-errors.ts";
import { Item } from "../../../src/queueing/item.ts";
import { Recorder } from "../../../src/telemetry/recorder.ts";
import { type Handler, loadHandler, type Message, messageOf } from "../../../src/workloads/message/handler.ts";
import { COMPUTE, INCREMENT, makeOp, Payload, SET } from "../../../src/workloads/message/message.ts";
import { MessageProcessor } from "../../../src/workloads/message/processor.ts";
import { mergeUnseen, unseenIn, unseenWarning } from "../../../src/workloads/message/unseen.ts";
import { reasonOf } from "../../../src/workloads/reason.ts";
import { temporaryFolder } from "../../support/cli.ts";

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

const effort = { now: () => 0, compute: () => {}, block: () => {}, pause: async () => {}, wait: () => {} };
const cost = { kind: "handler", time: 0, cpuShare: 0, distribution: "constant", cv: 1, perBatch: 0 } as const;

function processor(handler: Handler): MessageProcessor {
  return new MessageProcessor(cost, effort, (key) => `k${key}`, handler);
}

function item(key: number, timestamp: number | null = null): Item {
  const made = new Item();
  made.key = key;
  made.due = 2.5e9;
  made.payload = new Payload([makeOp(INCREMENT, "n", 1), makeOp(SET, "s", "x"), makeOp(COMPUTE, "c", 3)], 0, timestamp);
  return made;
}

describe("P1-R2 handlers", () => {
  test("see the message as NDJSON spells it, with the state of its machine", async () => {
    const seen: Message[] = [];
    const counting = processor((state, message) => {
      seen.push(message);
      state.set("seen", ((state.get("seen") as number | undefined) ?? 0) + 1);
    });
    expect([counting.instant, await counting.process(item(1)), await counting.process(item(1, 17.5))]).toEqual([false, null, null]);
    expect(seen[0]).toEqual({
      worker_id: "k1",
      payload: [
        { op: "increment", key: "n", value: 1 },
        { op: "set", key: "s", value: "x" },
        { op: "compute", key: "c", value: 3 },
      ],
      timestamp: 2.5,
    });
    expect(seen[1]?.timestamp).toBe(17.5);
    expect([counting.stateOf(1), counting.stateOf(2), counting.names()]).toEqual(['{"seen":2}', null, ["k1"]]);
  });

  test("fail with what they throw or reject with, whatever it is", async () => {
    const thrown: [unknown, string][] = [
      [new Error("no\u001b[31m"), "no\\x1b[31m"],
      ["text", "text"],
      [undefined, "undefined"],
      [new TypeError(""), "TypeError"],
      ["", "an error without a message"],
      [Object.create(null), "{}"],
      [{ code: 7, message: "an object that says something" }, "an object that says something"],
      [{ code: 7 }, `{"code":7}`],
      [{ toJSON: () => BigInt(1) }, "something that cannot be written as text"],
    ];
    for (const [what, reason] of thrown) {
      const throwing = processor(() => {
        throw what;
      });
      const rejecting = processor(() => Promise.reject(what));
      expect([await throwing.process(item(0)), await rejecting.process(item(0)), reasonOf(what)]).toEqual([reason, reason, reason]);
    }
  });

  test("a state is seen only when no handler is in the middle of it", async () => {
    let finish = () => {};
    const slow = processor(async (state) => {
      state.set("half", true);
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      state.set("whole", true);
    });
    const working = slow.process(item(4));
    const view = slow.stateOf(4);
    expect(view).toBeInstanceOf(Promise);
    finish();
    expect([await working, await view, slow.stateOf(4)]).toEqual([null, '{"half":true,"whole":true}', '{"half":true,"whole":true}']);
  });

  test("may store what JSON cannot write: the rest of the state is told all the same", () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    const deep = Array.from({ length: 50_000 }).reduce<unknown>((inner) => [inner], 1);
    const strange: unknown[] = [10n, cycle, undefined, () => 1, { toJSON: () => Promise.reject } as unknown, deep];
    const odd = processor((state) => {
      for (const [i, value] of strange.entries()) state.set(`k${i}`, value);
      const getter = Object.defineProperty({}, "x", {
        enumerable: true,
        get: () => {
          throw new Error("no");
        },
      });
      state.set("getter", getter);
      (state as Map<unknown, unknown>).set(Symbol("s"), 1);
      state.set("good", 5);
    });
    odd.process(item(0));
    const told = JSON.parse(odd.stateOf(0) as string) as Record<string, unknown>;
    expect([told["good"], told["k0"], told["getter"], told["Symbol(s)"]]).toEqual([5, "[not JSON]", "[not JSON]", 1]);
    expect(odd.state().entries.length).toBe(1);
  });

  test("are loaded from modules; what is none is refused with a sentence", async () => {
    const write = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const handler = await loadHandler(write("good.ts", "export default (state: Map<string, unknown>) => { state.set('a', 1); };"));
    const state = new Map<string, unknown>();
    await handler(state, messageOf("w", new Payload([makeOp(SET, "k", 1)]), 0));
    expect(state.get("a")).toBe(1);
    await expect(loadHandler(write("none.ts", "export const a = 1;"))).rejects.toThrow("has no function as its default export");
    await expect(loadHandler(write("bad.ts", "throw new Error('broken')"))).rejects.toThrow("could not be loaded: broken");
  });
});

describe("strays", () => {
  test("count one processed message as failed, and only while a handler's case runs", async () => {
    const recorder = new Recorder();
    recorder.processed({ key: 0, sequence: 1, due: 0, taken: 1, dequeued: 1 }, 1, 2);
    const strays = new UnhandledErrors(recorder);
    expect(caughtAsStray(new Error("late"))).toBe(true);
    expect(recorder.counts()).toMatchObject({ processed: 0, failed: 1 });
    expect(strays.failureCounts).toEqual([{ reason: "after it had returned: late", count: 1 }]);
    // More than there were messages: each counts once, in one class.
    expect(caughtAsStray(new Error("again"))).toBe(true);
    expect(recorder.counts()).toMatchObject({ processed: 0, failed: 1 });
    recorder.processed({ key: 0, sequence: 2, due: 0, taken: 1, dequeued: 1 }, 1, 2);
    await strays.settle();
    expect(recorder.counts()).toMatchObject({ processed: 0, failed: 2, strayed: 2 });
    expect(caughtAsStray(new Error("mine"))).toBe(false);
  });
});

describe("P1-R2 what the digest and the dump do not see of a handler's state", () => {
  const found = (value: unknown, key: unknown = "seen") => unseenIn([["w", new Map([[key, value]]) as Map<string, unknown>]])?.what;
  const cycle: Record<string, unknown> = {};
  cycle["self"] = [cycle];
  const throwing = Object.defineProperty({}, "x", {
    enumerable: true,
    get: () => {
      throw new Error("no");
    },
  });
  class Basket {
    #items = 1;
    open = this.#items;
  }

  test.each([
    [new Map(), "a Map"],
    [new Set([1]), "a Set"],
    [1n, "a BigInt"],
    [() => 1, "a function"],
    [Symbol("s"), "a symbol"],
    [undefined, "undefined"],
    [new Date(0), "a Date"],
    [new Uint8Array(2), "a Uint8Array"],
    [new ArrayBuffer(2), "an ArrayBuffer"],
    [Buffer.from("x"), "a Buffer"],
    [/x/, "a RegExp"],
    [new Error("x"), "an Error"],
    [Promise.resolve(), "a Promise"],
    [new Basket(), "a Basket"],
    [Number.NaN, "NaN"],
    [-Infinity, "-Infinity"],
    [{ toJSON: () => 1 }, "a value that writes itself (toJSON)"],
    [{ [Symbol("s")]: 1 }, "a property named by a symbol"],
    [new Array(3), "a list with holes or names"],
    [cycle, "something that cannot be read, or that holds itself"],
    [throwing, "something that cannot be read, or that holds itself"],
  ])("%p", (value, what) => {
    expect([found(value), found([{ deep: value }])]).toEqual([what, what]);
  });

  test("text, numbers, lists and plain objects are seen, however often the same one is there", () => {
    const twice = { a: [1, "x", null, true, { b: -0 }], c: Object.create(null) };
    for (const value of [0, "text", null, false, [], {}, twice, [twice, twice]]) expect(found(value)).toBeUndefined();
    expect(found(1, 5)).toBe("a key that is a number");
  });

  test("one machine is named, the first by name, and the others are counted", () => {
    const states = (names: string[]) =>
      names.map(
        (name) =>
          [
            name,
            new Map<string, unknown>([
              ["ok", 1],
              ["big", 1n],
            ]),
          ] as const,
      );
    const merged = mergeUnseen([unseenIn(states(["w-7", "w-3"])), unseenIn(states(["w-5"])), unseenIn([])].flatMap((one) => one ?? []));
    expect(merged).toEqual({ machine: "w-3", key: "big", what: "a BigInt", machines: 3 });
    expect(merged === null ? "" : unseenWarning(merged)).toStartWith(
      'The state of "w-3" holds a BigInt under "big" (and so it is in 2 more machines), which',
    );
    expect(unseenWarning({ machine: "w", key: "k", what: "a Set", machines: 1 })).toContain(
      'under "k", which JSON does not write as it is',
    );
  });
});
