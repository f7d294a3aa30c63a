import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { hashOf } from "../../../src/kernel/hash.ts";
import { WordReader, WordWriter } from "../../../src/kernel/word-buffer.ts";
import { Arrival } from "../../../src/load/tape.ts";
import { Item } from "../../../src/queueing/item.ts";
import { WIRE_FORMATS } from "../../../src/scenario/schema.ts";
import { Dictionary, encodedBytes, PayloadDecoder, PayloadEncoder } from "../../../src/workloads/message/codec.ts";
import { GeneratedPayloads } from "../../../src/workloads/message/generated.ts";
import { MessageIntake } from "../../../src/workloads/message/intake.ts";
import { COMPUTE, INCREMENT, makeOp, type Op, Payload, parseMessage, SET } from "../../../src/workloads/message/message.ts";
import { MessageProcessor } from "../../../src/workloads/message/processor.ts";
import { apply, computeTerm, digestOf, dumpPieces, type State, stateJson } from "../../../src/workloads/message/state.ts";
import { readerFor, writerFor } from "../../../src/workloads/message/wire.ts";
import { rounds } from "../../support/campaign.ts";

const SHAPE = { updates: { min: 1, max: 5 }, ops: ["increment", "set", "compute"] as const, size: 0 };
const idle = { now: () => 0, compute: () => {}, block: () => {}, pause: async () => {}, wait: () => {} };

function accept(intake: MessageIntake, text: string, line = 1): { item: Item; reason: string | null } {
  const arrival = new Arrival();
  arrival.line = line;
  arrival.text = text;
  const item = new Item();
  return { item, reason: intake.accept(arrival, item) };
}

describe("P1-R1 a message", () => {
  const good = { worker_id: "w", payload: [{ op: "increment", key: "k" }], timestamp: 1.5 };

  test("is parsed and validated", () => {
    expect(parseMessage(JSON.stringify(good))).toMatchObject({ ok: true, workerId: "w", timestamp: 1.5 });
    expect(parseMessage(JSON.stringify({ ...good, payload: { op: "set", key: "k", value: null } }))).toMatchObject({ ok: true });
  });

  test("holds its ops, in order, one alone as well; an increment that says nothing is one by 1", () => {
    const opsOf = (payload: unknown) => {
      const parsed = parseMessage(JSON.stringify({ ...good, payload }));
      return parsed.ok ? parsed.payload.ops.map(({ kind, key, value }) => [kind, key, value]) : parsed.reason;
    };
    expect(opsOf({ op: "increment", key: "k" })).toEqual([[INCREMENT, "k", 1]]);
    const all = [
      { op: "increment", key: "a", value: 0 },
      { op: "set", key: "b", value: { deep: [1] } },
      { op: "compute", key: "c", value: 0 },
    ];
    expect(opsOf(all)).toEqual([
      [INCREMENT, "a", 0],
      [SET, "b", { deep: [1] }],
      [COMPUTE, "c", 0],
    ]);
    expect(opsOf({ op: "set", key: "" })).toStartWith("payload.key: must be text");
    expect(opsOf([{ op: "set", key: "" }])).toStartWith("payload[0].key: must be text");
  });

  test("is taken up to its bounds, and not beyond them", () => {
    const taken = (change: object) => parseMessage(JSON.stringify({ ...good, ...change })).ok;
    const set = (value: unknown) => ({ payload: { op: "set", key: "k", value } });
    const nested = (levels: number) => set(JSON.parse("[".repeat(levels) + "]".repeat(levels)));
    const named = (length: number) => ({ worker_id: "w".repeat(length) });
    const many = (count: number) => ({ payload: Array(count).fill(good.payload[0]) });
    expect([named(1000), named(1001), many(1000), many(1001), nested(64), nested(65)].map(taken)).toEqual([
      true,
      false,
      true,
      false,
      true,
      false,
    ]);
  });

  test("whole numbers that reading would change are refused by name, and those that it keeps are not", () => {
    const setting = (value: string) => parseMessage(`{"worker_id":"w","timestamp":1,"payload":{"op":"set","key":"id","value":${value}}}`);
    expect(setting("9007199254740993")).toEqual({
      ok: false,
      reason: "value: must be a number that is kept exactly, got 9007199254740993, which would be 9007199254740992",
    });
    expect(setting('{"deep":[-12345678901234567890]}')).toMatchObject({ ok: false });
    for (const kept of ["9007199254740991", "100000000000000000000", "0.12345678901234567", '"9007199254740993"', "1.5e300"])
      expect(setting(kept)).toMatchObject({ ok: true });
  });

  const bad: readonly [string, unknown, string][] = [
    ["no object", 5, "JSON object"],
    ["a list", [], "JSON object"],
    ["no worker_id", { ...good, worker_id: undefined }, "worker_id"],
    ["empty worker_id", { ...good, worker_id: "" }, "worker_id"],
    ["a number as worker_id", { ...good, worker_id: 5 }, "worker_id"],
    ["worker_id __proto__", { ...good, worker_id: "__proto__" }, "__proto__"],
    ["no timestamp", { ...good, timestamp: undefined }, "timestamp"],
    ["timestamp as text", { ...good, timestamp: "1" }, "timestamp"],
    ["no payload", { ...good, payload: undefined }, "payload"],
    ["an empty payload", { ...good, payload: [] }, "payload"],
    ["an op that is no object", { ...good, payload: [3] }, "payload[0]"],
    ["an unknown op", { ...good, payload: { op: "delete", key: "k" } }, "increment, set or compute"],
    ["op named like a method", { ...good, payload: { op: "toString", key: "k" } }, "increment, set or compute"],
    ["no key", { ...good, payload: { op: "set", value: 1 } }, "payload.key"],
    ["key constructor", { ...good, payload: { op: "set", key: "constructor", value: 1 } }, "constructor"],
    ["a key of half a character", { ...good, payload: { op: "set", key: "\ud800", value: 1 } }, "Unicode"],
    ["increment by text", { ...good, payload: { op: "increment", key: "k", value: "1" } }, "finite number"],
    ["set without value", { ...good, payload: { op: "set", key: "k" } }, "must be given"],
    ["compute of a fraction", { ...good, payload: { op: "compute", key: "k", value: 1.5 } }, "whole number"],
    ["compute below 0", { ...good, payload: { op: "compute", key: "k", value: -1 } }, "whole number"],
    [
      "values nested without end",
      { ...good, payload: { op: "set", key: "k", value: JSON.parse("[".repeat(100) + "]".repeat(100)) } },
      "nest",
    ],
  ];
  test.each(bad)("is rejected with a reason: %s", (_, value, part) => {
    const parsed = parseMessage(JSON.stringify(value));
    expect(parsed.ok ? "" : parsed.reason).toContain(part);
  });

  test("bad JSON, infinite numbers and what grows when written again are rejected", () => {
    const large = (value: string) => `{"worker_id":"w","payload":{"op":"set","key":"k","value":${value}},"timestamp":1}`;
    for (const value of ["1e400", '{"a":[1,-1e999]}'])
      expect(parseMessage(large(value))).toMatchObject({ ok: false, reason: expect.stringContaining("no number beyond") });
    for (const text of ["", "{", "[1,", '{"worker_id":"w","payload":{"op":"increment","key":"k","value":1e999},"timestamp":1}']) {
      expect(parseMessage(text).ok).toBe(false);
    }
    const grown = `{"worker_id":"w","timestamp":1,"payload":{"op":"set","key":"k","value":[${new Array(190_000).fill("1e20").join(",")}]}}`;
    expect(parseMessage(grown)).toMatchObject({ ok: false, reason: expect.stringContaining("1 MB") });
  });

  test("no text makes the parser throw", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.json({ maxDepth: 8 })), (text) => {
        expect(typeof parseMessage(text).ok).toBe("boolean");
      }),
    );
  });
});

const names = fc.constantFrom("a", "b", "10", "9", "z", "ключ");
const ops: fc.Arbitrary<Op> = fc.oneof(
  fc
    .tuple(names, fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })))
    .map(([key, by]) => makeOp(INCREMENT, key, by)),
  fc.tuple(names, fc.jsonValue({ maxDepth: 2 })).map(([key, value]) => makeOp(SET, key, value)),
  fc.tuple(names, fc.nat(20)).map(([key, n]) => makeOp(COMPUTE, key, n)),
);
const payloads = fc.array(ops, { minLength: 1, maxLength: 6 }).map((list) => new Payload(list));

/** The same rules, written the slow way: on a copy that replaces the state only when all went well. */
function model(state: Record<string, unknown>, payload: Payload): Record<string, unknown> {
  const next = Object.assign(Object.create(null) as Record<string, unknown>, state);
  for (const { kind, key, value } of payload.ops) {
    if (kind === INCREMENT) {
      const before = next[key] ?? (key in next ? null : 0);
      if (typeof before !== "number") return state;
      const sum = before + (value as number);
      if (!Number.isFinite(sum)) return state;
      if (Math.abs(sum) > Number.MAX_SAFE_INTEGER && sum - before !== value) return state;
      next[key] = sum;
    } else next[key] = kind === SET ? value : term(value as number);
  }
  return next;
}

function term(n: number): number {
  let x = 1n;
  for (let k = 0; k < n; k++) x = (1664525n * x + 1013904223n) % 2n ** 32n;
  return Number(x);
}

describe("P1-R2 state machines", () => {
  test("an increment that would be lost in the gaps of large numbers fails", () => {
    const state: State = new Map([["n", 2 ** 53]]);
    const by = (value: number) => apply(state, new Payload([makeOp(INCREMENT, "n", value)]));
    expect(by(1)).toBe('increment of "n" by 1 is lost: from 2^53 on a number does not hold every integer');
    expect([by(2), state.get("n")]).toEqual([null, 2 ** 53 + 2]);
  });

  test("all ops of a message apply, or none", () => {
    fc.assert(
      fc.property(fc.array(payloads, { maxLength: 30 }), (messages) => {
        const state: State = new Map();
        let expected: Record<string, unknown> = Object.create(null);
        for (const payload of messages) {
          const next = model(expected, payload);
          expect(apply(state, payload) === null).toBe(next !== expected);
          expected = next;
          expect(Object.fromEntries(state)).toEqual({ ...expected });
        }
      }),
      {
        numRuns: rounds(300),
        examples: [
          [[new Payload([makeOp(INCREMENT, "a", -0)])]],
          [[1, 2].map(() => new Payload([makeOp(SET, "b", 1), makeOp(INCREMENT, "a", 1e308)]))],
        ],
      },
    );
  });

  test("compute is the n-th term, in a few steps however large n is", () => {
    for (const n of [0, 1, 2, 3, 10, 63, 64, 1000]) expect(computeTerm(n)).toBe(term(n));
    expect(computeTerm(2 ** 32)).toBe(1);
    expect(computeTerm(Number.MAX_SAFE_INTEGER)).toBeGreaterThanOrEqual(0);
  });

  test("the dump sorts both levels by code units, integer-like keys too, and the digest is its hash", () => {
    const state: State = new Map<string, unknown>([
      ["b", 1],
      ["10", { z: 1, a: 2 }],
      ["9", "x"],
      ["\ud83d\ude00", null],
      ["\uffff", true],
    ]);
    expect(stateJson(state)).toBe('{"10":{"z":1,"a":2},"9":"x","b":1,"😀":null,"\uffff":true}');
    const entries = [
      { key: "w10", json: stateJson(state) },
      { key: "w1", json: "{}" },
    ];
    const text = [...dumpPieces(entries)].join("");
    expect(text.startsWith('{"w1":{},"w10":{"10"')).toBe(true);
    expect(digestOf(entries)).toBe(createHash("sha256").update(text, "utf8").digest("hex"));
  });

  test("a machine exists from its first processed message on", () => {
    const processor = new MessageProcessor(
      { kind: "none", time: 0, cpuShare: 0, distribution: "constant", cv: 1, perBatch: 0 },
      idle,
      (key) => `k${key}`,
    );
    const item = new Item();
    item.payload = new Payload([makeOp(SET, "a", "text"), makeOp(INCREMENT, "a", 1)]);
    expect(processor.process(item)).toContain("holds no number");
    expect(processor.state().entries).toEqual([]);
    item.payload = new Payload([makeOp(SET, "a", 1)]);
    expect(processor.process(item)).toBeNull();
    expect(processor.state().entries).toEqual([{ key: "k0", json: '{"a":1}' }]);
  });

  test("work spends its time where its kind says", async () => {
    const spent = { compute: 0, block: 0, wait: 0 };
    const effort = {
      now: () => 0,
      compute: (span: number) => {
        spent.compute += span;
      },
      block: (span: number) => {
        spent.block += span;
      },
      pause: async () => {},
      wait: (span: number) => {
        spent.wait += span;
        return Promise.resolve();
      },
    };
    const item = new Item();
    item.payload = new Payload([makeOp(SET, "a", 1)]);
    for (const kind of ["none", "cpu", "sleep", "io", "mixed"] as const) {
      const processor = new MessageProcessor({ kind, time: 1000, cpuShare: 0.25, distribution: "constant", cv: 1, perBatch: 0 }, effort);
      expect(processor.instant).toBe(kind === "none");
      expect(await processor.process(item)).toBeNull();
    }
    expect(spent).toEqual({ compute: 1_250_000, block: 1_000_000, wait: 1_750_000 });
  });
});

describe("generated messages", () => {
  test("never fail, keep to keys of their own, and the seed decides them", () => {
    const draw = (seed: number) => {
      const source = new GeneratedPayloads({ ...SHAPE, updates: { min: 1, max: 7 } }, seed);
      return Array.from({ length: 500 }, () => source.next());
    };
    const state: State = new Map();
    for (const payload of draw(1)) {
      expect(apply(state, payload)).toBeNull();
      expect(new Set(payload.ops.map(({ key }) => key)).size).toBe(payload.ops.length);
      for (const { kind, value } of payload.ops) if (kind === COMPUTE) expect(value as number).toBeLessThanOrEqual(10);
    }
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(new Set(draw(1).map(({ ops: list }) => list.length))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7]));
  });
});

describe("intake", () => {
  test("P2-R2 a message of a size holds that many bytes, once for each item however often it is used", () => {
    const intake = new MessageIntake({ ...SHAPE, size: 5000 }, 1);
    const [first, second] = [new Item(), new Item()];
    for (const item of [first, second]) expect(intake.accept(new Arrival(), item)).toBeNull();
    expect([first.body?.length, second.body?.length, first.body === second.body]).toEqual([5000, 5000, false]);
    const { body } = first;
    intake.accept(new Arrival(), first);
    expect(first.body).toBe(body);
    const none = new Item();
    new MessageIntake({ ...SHAPE, size: 0 }, 1).accept(new Arrival(), none);
    expect(none.body).toBeNull();
  });

  test("numbers keys, counts each key's messages, keeps the first hundred rejections with their line", () => {
    const intake = new MessageIntake(SHAPE, 1);
    const text = (worker: string) => JSON.stringify({ worker_id: worker, payload: { op: "increment", key: "k" }, timestamp: 0 });
    const accepted = ["b", "a", "b"].map((worker) => accept(intake, text(worker)).item);
    expect(accepted.map(({ key, sequence }) => [key, sequence])).toEqual([
      [0, 1],
      [1, 1],
      [0, 2],
    ]);
    expect([intake.nameOf(0), intake.nameOf(1)]).toEqual(["b", "a"]);
    for (let line = 1; line <= 150; line++) expect(accept(intake, "nonsense", line).reason).toContain("JSON");
    expect(intake.rejections).toHaveLength(100);
    expect(intake.rejections[99]?.line).toBe(100);
  });

  test("a key keeps its shard, and many keys spread evenly", () => {
    const intake = new MessageIntake(SHAPE, 1);
    const counts = new Array<number>(8).fill(0);
    for (let key = 0; key < 8000; key++) {
      const shard = intake.shardOf(key, 8);
      expect(intake.shardOf(key, 8)).toBe(shard);
      expect(shard).toBe(hashOf(`worker-${key}`) % 8);
      counts[shard] = (counts[shard] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});

describe("T-13 the codec between threads", () => {
  test("no message takes more bytes than are reserved for it, nor a quarter of them, whatever its values", () => {
    const long = "漢".repeat(400);
    for (const value of [long, { [long]: long }, [long, long], { a: { b: long } }]) {
      const payload = new Payload([makeOp(SET, long, value)], 0);
      const writer = new WordWriter(new SharedArrayBuffer(1 << 16));
      new PayloadEncoder(new Dictionary()).encode(payload, writer);
      const share = (writer.at * 8) / encodedBytes(payload);
      expect(share).toBeLessThanOrEqual(1);
      expect(share).toBeGreaterThan(0.25);
    }
  });

  test("what is encoded is decoded again, message after message", () => {
    fc.assert(
      fc.property(fc.array(payloads, { maxLength: 20 }), fc.nat(100), (messages, padding) => {
        const buffer = new SharedArrayBuffer(1 << 20);
        const writer = new WordWriter(buffer);
        const encoder = new PayloadEncoder(new Dictionary());
        const padded = messages.map(({ ops: list }) => new Payload(list, padding));
        for (const payload of padded) {
          const before = writer.at;
          encoder.encode(payload, writer);
          expect((writer.at - before) * 8).toBeLessThanOrEqual(encodedBytes(payload));
        }
        const reader = new WordReader(buffer);
        const decoder = new PayloadDecoder();
        for (const payload of padded) {
          const decoded = decoder.decode(reader);
          const plain = ({ ops: list }: Payload) => list.map(({ kind, key, value }) => ({ kind, key, value }));
          expect(plain(decoded)).toEqual(plain(payload));
          expect([decoded.padding, decoded.guarded]).toEqual([padding, payload.guarded]);
        }
        expect(reader.at).toBe(writer.at);
      }),
    );
  });

  test.each(WIRE_FORMATS)("in every format it may be written in: %s", (format) => {
    fc.assert(
      fc.property(fc.array(payloads, { maxLength: 10 }), fc.nat(100), fc.option(fc.nat(1e6)), (messages, padding, timestamp) => {
        const buffer = new SharedArrayBuffer(1 << 22);
        const words = new WordWriter(buffer);
        const writer = writerFor(format, new Dictionary());
        const padded = messages.map(({ ops: list }) => new Payload(list, padding, timestamp));
        for (const payload of padded) {
          const before = words.at;
          writer.encode(payload, words);
          expect((words.at - before) * 8).toBeLessThanOrEqual(writer.most(payload));
        }
        const back = new WordReader(buffer);
        const reader = readerFor(format);
        for (const payload of padded) {
          const decoded = reader.decode(back, null);
          // As states are written down: −0 is 0 there.
          const plain = ({ ops: list }: Payload) => JSON.stringify(list.map(({ kind, key, value }) => ({ kind, key, value })));
          expect(plain(decoded)).toBe(plain(payload));
          expect([decoded.padding, decoded.guarded, decoded.timestamp]).toEqual([padding, payload.guarded, payload.timestamp]);
        }
        expect(back.at).toBe(words.at);
      }),
      { numRuns: rounds(50) },
    );
  });

  test("infinite sums, half characters and long texts cross unharmed, and a full dictionary does not mind", () => {
    const dictionary = new Dictionary();
    for (let i = 0; i < 70_000; i++) dictionary.numberOf(`t${i}`);
    const odd = new Payload([makeOp(SET, "k", "\ud800"), makeOp(SET, "x".repeat(900), "y".repeat(5000)), makeOp(INCREMENT, "n", -0)]);
    const buffer = new SharedArrayBuffer(1 << 16);
    new PayloadEncoder(dictionary).encode(odd, new WordWriter(buffer));
    const decoded = new PayloadDecoder().decode(new WordReader(buffer));
    expect(decoded.ops.map(({ key, value }) => [key, value])).toEqual(odd.ops.map(({ key, value }) => [key, value]));
  });
});
