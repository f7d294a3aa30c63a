import { describe, expect, test } from "bun:test";
import { ClockComparison, ComparedClock } from "../../../src/engine/executor/distributed/clock-comparison.ts";
import { Hosts } from "../../../src/engine/executor/distributed/hosts.ts";
import { type HostReport, PROTOCOL, readListed, readObject } from "../../../src/engine/executor/distributed/protocol.ts";
import { type BatchRecord, readRecord, recordText } from "../../../src/engine/executor/distributed/record.ts";
import { RunClock } from "../../../src/engine/executor/distributed/run-clock.ts";
import { RunHost } from "../../../src/engine/executor/distributed/run-host.ts";
import { StreamQueue } from "../../../src/engine/executor/distributed/stream-queue.ts";
import type { Taken } from "../../../src/engine/executor/distributed/streams.ts";
import { BatchLog } from "../../../src/engine/worker/batch-log.ts";
import { PartitionStates } from "../../../src/engine/worker/partition-states.ts";
import { leaseMemory, SlotLeases } from "../../../src/engine/worker/slot-leases.ts";
import { WorkGate } from "../../../src/engine/worker/work-gate.ts";
import { sharedClock, wallSince } from "../../../src/kernel/clock.ts";
import { Random } from "../../../src/kernel/random.ts";
import type { RedisPort } from "../../../src/kernel/redis/port.ts";
import type { Overflow } from "../../../src/queueing/bounded-queue.ts";
import { Item } from "../../../src/queueing/item.ts";
import { fetchSchema } from "../../../src/scenario/fetch-schema.ts";
import { makeOp, Payload } from "../../../src/workloads/message/message.ts";
import { MessageReader, portableMessage, portablePayload } from "../../../src/workloads/message/portable.ts";
import type { PortableSpec } from "../../../src/workloads/portable.ts";
import { workerRefusal } from "../../../src/workloads/worker-permission.ts";
import type { Processor } from "../../../src/workloads/workload.ts";

describe("clocks of two processes", () => {
  test("the offset lies within the stated error, whatever the network does each way, and the shortest exchange counts", () => {
    const random = new Random(7, "network");
    for (let round = 0; round < 200; round++) {
      const offset = (random.below(4e9) - 2e9) | 0;
      const comparison = new ClockComparison();
      let shortest = Number.POSITIVE_INFINITY;
      for (let i = 0; i < 16; i++) {
        const [there, back] = [1000 + random.below(5e6), 1000 + random.below(5e6)];
        const sent = i;
        // TIME is told in whole microseconds.
        comparison.add(sent, Math.floor((sent + there + offset) / 1000) * 1000, sent + there + back);
        shortest = Math.min(shortest, there + back);
      }
      const best = comparison.best;
      expect(Math.abs((best?.offset ?? 0) - offset)).toBeLessThanOrEqual(best?.error ?? 0);
      // Beyond half of the shortest: a tick of TIME, and what clocks drift in the time of one exchange.
      const beyond = (best?.error ?? 0) - shortest / 2;
      expect([beyond >= 1000, beyond <= 1000 + 15e-6 * 10e6]).toEqual([true, true]);
    }
  });

  test("an exchange that contradicts those before: a clock was set, and they count no more", () => {
    const comparison = new ClockComparison();
    comparison.add(0, 5000, 100);
    comparison.add(1000, 9e6, 9000);
    expect(comparison.best).toEqual({ offset: 9e6 - 5000, error: 5000 });
  });

  test.each([
    ["quiet", 0, 0.5e6],
    ["loaded for a while", 30e9, 32e6],
  ])(
    "through a run on a machine that is %s the offset in use lies within the stated error, whatever the drift",
    async (_, loadedFor, most) => {
      for (let round = 0; round < 10; round++) {
        const random = new Random(round, "drift");
        const rate = 1 + (random.unit() - 0.5) * 20e-6;
        let now = 0;
        const theirs = () => 3e9 + now * rate;
        const trip = () => {
          now += 20_000 + random.below(busy() ? 30e6 : 100_000);
        };
        // In the middle each way takes its time.
        const busy = () => now > 20e9 && now < 20e9 + loadedFor;
        const send = async () => {
          trip();
          const at = Math.floor(theirs() / 1000);
          trip();
          return [String(Math.floor(at / 1e6)), String(at % 1e6)];
        };
        const compared = new ComparedClock({ send }, { now: () => now }, 0);
        await compared.begin();
        let off = 0;
        const look = () => {
          off = Math.max(off, Math.abs(now + compared.before.offset + compared.drift - theirs()));
        };
        for (let second = 0; second < 80; second++) {
          look();
          now += 1e9;
          look();
          await compared.follow();
        }
        expect(off).toBeLessThanOrEqual(compared.error);
        expect(compared.error).toBeLessThan(most);
      }
    },
  );

  test("only the latest exchanges count: a clock drifts", () => {
    const comparison = new ClockComparison();
    comparison.add(0, 1000, 10);
    for (let i = 0; i < 64; i++) comparison.add(1e9 + i, 1e9 + i + 5000, 1e9 + i + 400);
    expect(comparison.best?.offset).toBe(4800);
    expect(new ClockComparison().best).toBeNull();
  });

  test("a run's clock is the wall clock of its beginning, carried on steadily", () => {
    let mono = 5e9;
    let wall = 1_000_000e9 + 500_000_700;
    const clock = new RunClock(1_000_000, { now: () => mono }, (second) => wall - second * 1e9);
    expect(clock.now()).toBe(500_000_700);
    mono += 2e9;
    // A step of the wall clock does not matter.
    wall -= 60e9;
    expect(clock.now()).toBe(2_500_000_700);
    expect(clock.anchor).toBe(500_000_700 - 5e9);
  });

  test("the wall clock is read as exactly as the system tells", () => {
    const second = Math.floor(Date.now() / 1000) - 5;
    const parts = Array.from({ length: 20 }, () => wallSince(second) % 1e6);
    expect(Math.abs(wallSince(second) - (Date.now() - second * 1000) * 1e6)).toBeLessThan(1e9);
    if (sharedClock) expect(parts.some((part) => part !== 0)).toBe(true);
  });
});

describe("what comes from Redis", () => {
  const record: BatchRecord = {
    host: "b-1",
    partition: 3,
    claimed: true,
    dequeued: 1000,
    stretches: [
      { first: 7, count: 32, began: 1200, ended: 4400, reason: null },
      { first: 40, count: 1, began: 4400, ended: 4500, reason: 'said "no"\nthen left' },
    ],
  };

  test("a record is read as it was written", () => {
    expect(readRecord(recordText(record))).toEqual(record);
    const [one] = record.stretches;
    const figures = { bytes: 17, by: [["host", 200]] };
    for (const reason of [null, "503 after 3 attempts"]) {
      const told = { ...record, stretches: [{ ...one, count: 1, first: 7, began: 1, ended: 2, reason, figures }] };
      expect(readRecord(recordText(told))).toEqual(told);
    }
  });

  test.each([
    "",
    "[]",
    "{}",
    "null",
    '["h",1,0]',
    '["h",-1,0,5]',
    '["h",1,0,null]',
    '["h",1,0,5,[1,2,3]]',
    '["h",1,0,5,[1,1e15,3,4]]',
    '["h",1,0,5,[1,1,"3",4]]',
    '["h",1,0,5,[1,1,3,4,5]]',
    "[1,1,0,5]",
  ])("is no record: %s", (text) => {
    expect(readRecord(text)).toBeNull();
  });

  test("a sign of life is checked, and an object has to have its fields", () => {
    const beat = { protocol: 1, name: "a", cores: 2, slots: 1, machine: "m", pid: 1, run: null, cpuMs: 0 };
    expect(readListed("id", `17 ${JSON.stringify(beat)}`)).toEqual({ id: "id", at: 17, beat });
    for (const text of ["", "17", "x {}", `17 ${JSON.stringify({ ...beat, slots: 0 })}`, `17 ${JSON.stringify({ ...beat, name: 5 })}`])
      expect(readListed("id", text)).toBeNull();
    expect(readObject<{ a: number }>('{"a":1}', ["a"])).toEqual({ a: 1 });
    for (const text of [null, "{", "[]", "1", '{"b":1}']) expect(readObject<{ a: number }>(text, ["a"])).toBeNull();
  });

  test("a message is read as it was written, and what is none is not", () => {
    const ops = [makeOp(0, "counter", 1), makeOp(1, "sta\ntus", { a: ["ü\u2028"] }), makeOp(2, "result", 9)];
    for (const payload of [new Payload(ops), new Payload(ops, 12, 3.5)]) {
      const read = new MessageReader().read(portableMessage("wörker-1", 0, portablePayload(payload)));
      expect([read.name, read.payload.padding, read.payload.timestamp]).toEqual(["wörker-1", payload.padding, payload.timestamp]);
      expect(read.payload.ops.map(({ kind, key, value }) => [kind, key, value])).toEqual(
        ops.map(({ kind, key, value }) => [kind, key, value]),
      );
    }
    expect(new MessageReader().read(portableMessage(null, 250, portablePayload(new Payload([]))))).toMatchObject({
      name: null,
      demand: 250,
    });
    for (const text of ["1", "[]", "[0,0]", "[0,0,[]]", "[0,0,[null,0,[[5,0,1]]]]", '[0,0,[null,0,[[7,"k",1]]]]', "[1,0,[null,0,[]]]"])
      expect(() => new MessageReader().read(text)).toThrow();
  });

  test("a message that comes again is read once, unless a state could change what it holds", () => {
    const reader = new MessageReader();
    const text = (value: unknown) => portableMessage(null, 0, portablePayload(new Payload([makeOp(1, "k", value)])));
    expect(reader.read(text("idle"))).toBe(reader.read(text("idle")));
    expect(reader.read(text({ a: 1 }))).not.toBe(reader.read(text({ a: 1 })));
    // However many there are, no more than some are kept.
    const first = reader.read(text("first"));
    for (let i = 0; i < 600; i++) reader.read(text(i));
    expect(reader.read(text("first"))).not.toBe(first);
  });

  test("a run's modules and programs run only where the worker allows them", () => {
    const spec = (kind: string) => ({ workload: "message", work: { kind } }) as unknown as PortableSpec;
    const none = { allowModules: false, allowCommands: false, allowHosts: [] };
    expect(workerRefusal(spec("cpu"), none)).toBeNull();
    expect(workerRefusal(spec("handler"), { ...none, allowCommands: true })).toContain("--allow-modules");
    expect(workerRefusal(spec("command"), { ...none, allowModules: true })).toContain("--allow-commands");
    expect(workerRefusal(spec("handler"), { ...none, allowModules: true })).toBeNull();
    expect(workerRefusal(spec("command"), { ...none, allowCommands: true })).toBeNull();
    expect(workerRefusal({ workload: "flow" } as unknown as PortableSpec, none)).toContain("workload");
  });

  test("a run's requests go to no public host, and to nothing of the worker's machine, that it did not allow", () => {
    const spec = (settings: object, allowedHosts: unknown = []) =>
      ({ workload: "fetch", fetch: { settings: fetchSchema.parse(settings), allowedHosts } }) as unknown as PortableSpec;
    const given = (...allowHosts: string[]) => ({ allowModules: true, allowCommands: true, allowHosts });
    expect(workerRefusal(spec({}), given())).toBeNull();
    expect(workerRefusal(spec({}, ["example.com"]), given("example.org"))).toBe(
      "it sends requests to example.com only with --allow-host example.com, given where it was started",
    );
    expect(workerRefusal(spec({}, ["example.com"]), given("example.org", "example.com"))).toBeNull();
    expect(workerRefusal(spec({}, ["example.com"]), { ...given(), allowHosts: null })).toBeNull();
    expect(workerRefusal(spec({}, null), given())).toContain("any host");
    for (const [settings, path] of [
      [{ unix: "/run/docker.sock" }, "fetch.unix"],
      [{ saveTo: "/etc" }, "fetch.saveTo"],
      [{ tls: { key: "/etc/key" } }, "fetch.tls.key"],
      [{ headers: { "X-Key": `\${AWS_SECRET_ACCESS_KEY}` } }, "fetch.headers"],
      [{ auth: { bearer: "env TOKEN" } }, "fetch.auth"],
    ] as const)
      expect(workerRefusal(spec(settings), given())).toStartWith(path);
  });
});

describe("the queue of what is in the streams", () => {
  const items = (count: number, from = 0) =>
    Array.from({ length: count }, (_, i) => Object.assign(new Item(), { index: from + i, key: (from + i) % 2, due: 10 * (from + i) }));
  const queueOf = (capacity: number, overflow: Overflow) =>
    new StreamQueue({
      capacity,
      overflow,
      partitions: 2,
      keptFor: 4e9,
      partitionOf: ({ key }) => key,
      lineOf: ({ index }, number) => `${number}:${index}`,
    });

  test("items are numbered in their partitions, and count until they are committed", () => {
    const queue = queueOf(4, "block");
    const [a, b, c, d, e] = items(5) as [Item, Item, Item, Item, Item];
    expect(queue.offerAll([a, b, c, d, e], 0, 0, 100)).toBe(4);
    expect(queue.offer(e, 0, 100)).toBe("full");
    expect(queue.send(3, 1e6).map(({ partition, first, text }) => [partition, first, ...text.trimEnd().split("\n")])).toEqual([
      [0, 1, "1:0", "2:2"],
      [1, 1, "1:1"],
    ]);
    expect([queue.inStreams, queue.unsent, queue.depth]).toEqual([3, 1, 4]);
    expect(queue.committed({ partition: 0, number: 2 }, 150, 200)).toBe(c);
    expect(c.dequeued).toBe(150);
    // A second record of the same item, or of one that never was.
    expect(queue.committed({ partition: 0, number: 2 }, 150, 200)).toBeNull();
    expect(queue.committed({ partition: 0, number: 9 }, 150, 200)).toBeNull();
    expect(queue.committed({ partition: 7, number: 1 }, 150, 200)).toBeNull();
    expect(queue.offer(e, 0, 210)).toBe("queued");
    expect([queue.depth, queue.highWater, queue.full]).toEqual([4, 4, 100]);
    // Waited: a, b, d since 100, e since 210, c from 100 to 150.
    expect(queue.areaUntil(300)).toBe(3 * 200 + 90 + 50);
  });

  test("what was sent is kept until a while after its last item, and dropped items are told to be", () => {
    const queue = queueOf(10, "drop-oldest");
    queue.offerAll(items(4), 0, 0, 0);
    queue.send(10, 1e6);
    expect(queue.dropped({ partition: 1, number: 1 }, 5)?.index).toBe(1);
    queue.committed({ partition: 0, number: 1 }, 1, 6);
    queue.committed({ partition: 0, number: 2 }, 1, 7);
    const kept = () => queue.keptPieces.map(({ text }) => text.split("\n").slice(0, -1));
    queue.forget(8);
    expect(kept()).toEqual([
      ["1:0", "2:2"],
      ["", "2:3"],
    ]);
    queue.forget(7 + 4e9 + 1);
    expect(kept()).toEqual([["", "2:3"]]);
  });

  test("drop-newest refuses what comes; drop-oldest takes it in and names the oldest, in the order they came", () => {
    const newest = queueOf(2, "drop-newest");
    expect(items(3).map((item) => newest.offer(item, 0, 0))).toEqual(["queued", "queued", "dropped-newest"]);
    const oldest = queueOf(2, "drop-oldest");
    for (const item of items(2)) oldest.offer(item, 0, 0);
    oldest.send(10, 1e6);
    expect(items(2, 2).map((item) => oldest.offer(item, 0, 0))).toEqual(["queued", "queued"]);
    expect([oldest.excess, oldest.depth, oldest.highWater]).toEqual([2, 4, 2]);
    expect(oldest.oldest(5)).toEqual([
      { partition: 0, number: 1 },
      { partition: 1, number: 1 },
    ]);
    // A server that does not answer: no more than as many again wait here.
    expect(items(1, 4).map((item) => oldest.offer(item, 0, 9))).toEqual(["dropped-oldest"]);
    expect(oldest.displaced?.index).toBe(2);
    for (const place of oldest.oldest(2)) oldest.dropped(place, 10);
    expect([oldest.excess, oldest.depth]).toEqual([0, 2]);
  });

  test("no more are sent at once than are asked for, in number and in characters", () => {
    const queue = queueOf(20, "block");
    queue.offerAll(items(9), 0, 0, 0);
    const sent = (most: number, characters: number) => queue.send(most, characters).reduce((sum, { count }) => sum + count, 0);
    // Of three characters each.
    expect([sent(100, 7), sent(2, 1e6), sent(100, 3), sent(0, 1e6), sent(100, 0), sent(100, 1e6)]).toEqual([3, 2, 1, 0, 0, 3]);
    expect([queue.inStreams, queue.unsent]).toEqual([9, 0]);
  });

  test("it is observed from an instant on: how full, how long and how high", () => {
    const queue = queueOf(4, "block");
    queue.offerAll(items(4), 0, 0, 100);
    queue.send(4, 1e6);
    queue.startObserving(200);
    expect([queue.full, queue.highWater, queue.meanDepth(200)]).toEqual([0, 4, 0]);
    queue.committed({ partition: 0, number: 1 }, 250, 260);
    expect([queue.full, queue.meanDepth(300)]).toEqual([60, 3.5]);
    queue.committed({ partition: 0, number: 2 }, 270, 280);
    // It had room since.
    expect(queue.full).toBe(60);
    queue.startObserving(300);
    expect([queue.highWater, queue.meanDepth(400)]).toEqual([2, 2]);
  });

  test("what is left at the end comes out, sent or not", () => {
    const queue = queueOf(Number.POSITIVE_INFINITY, "block");
    for (const item of items(5)) queue.offer(item, 0, 0);
    queue.send(3, 1e6);
    const left = Array.from({ length: 6 }, () => queue.take(0, 50)?.index);
    expect(left.toSorted()).toEqual([0, 1, 2, 3, 4, undefined]);
    expect(queue.depth).toBe(0);
  });
});

describe("the workers of a run", () => {
  const beat = { protocol: PROTOCOL, name: "a", cores: 2, slots: 3, machine: "m", pid: 1, run: null, cpuMs: 0 };
  /** A server with some workers in its list, each last heard of so many milliseconds ago. */
  const serverWith = (...workers: readonly { readonly ago?: number; readonly [field: string]: unknown }[]): RedisPort => ({
    send: async () => ["1000", "0"],
    run: async () => workers.flatMap(({ ago = 0, ...own }, i) => [`id-${i}`, `${1_000_000 - ago} ${JSON.stringify({ ...beat, ...own })}`]),
    close: () => {},
    trouble: null,
  });
  const found = async (server: RedisPort, count: number | null = null) => {
    const hosts = new Hosts(server, "run", "lab-tui:{run}:", "redis://there");
    await hosts.find(count, 0);
    return hosts;
  };

  test("are those that give signs of life, speak the same protocol and serve no other run", async () => {
    const server = serverWith({}, { name: "b" }, { ago: 4000 }, { protocol: 99 }, { slots: 0 });
    const hosts = await found(server);
    expect([hosts.all.map(({ beat: { name } }) => name), hosts.slots]).toEqual([["a", "b"], 6]);
  });

  test("that come later are wanted until the server has taken that in", async () => {
    const wanted: unknown[] = [];
    const listed = serverWith({ name: "late" });
    const server: RedisPort = {
      ...listed,
      send: async (command, args) => {
        if (command !== "RPUSH") return command === "HMGET" ? [] : listed.send(command, args);
        wanted.push(args);
        if (wanted.length === 1) throw new Error("the connection broke");
        return 1;
      },
    };
    const hosts = new Hosts(server, "run", "lab-tui:{run}:", "redis://there");
    hosts.begin();
    await expect(hosts.look()).rejects.toThrow("broke");
    for (let looks = 0; looks < 3; looks++) await hosts.look();
    expect(wanted).toEqual([
      ["lab-tui:orders:id-0", "run"],
      ["lab-tui:orders:id-0", "run"],
    ]);
    expect(hosts.all.map(({ beat, late }) => [beat.name, late])).toEqual([["late", true]]);
  });

  test.each([
    ["No worker came to redis://there within 10 s; lab-tui worker --redis redis://there starts one", [{ ago: 4000 }], null],
    ["The 1 worker at redis://there are of another version of lab-tui", [{ protocol: 99 }], null],
    ["All 2 workers at redis://there are serving other runs", [{ run: "x" }, { run: "y" }], null],
    ["Only 1 of the 2 workers of redis: auto came within 10 s", [{}], 2],
  ] as const)("are missed in a sentence: %s", async (sentence, workers, count) => {
    await expect(found(serverWith(...workers), count)).rejects.toThrow(sentence);
  });
});

describe("a worker that was not heard", () => {
  const beat = { protocol: PROTOCOL, name: "a", cores: 2, slots: 1, machine: "m", pid: 1, run: "r", cpuMs: 0 };
  const report: HostReport = { host: "id", offset: 0, error: 0, startSkew: 0, cpuMs: 0, slots: [] };
  /** Silences of a worker with these signs of life, of which t = 0 is at 10 s. */
  const silencesOf = (beats: readonly number[], reported: boolean, looks = (_: number) => true) => {
    const host = new RunHost("id", { id: "id", at: beats[0] ?? 0, beat });
    host.begin();
    // Looked at every half second, or not for a while.
    for (let now = beats[0] ?? 0; now <= Math.max(...beats); now += 500) {
      if (looks(now)) host.heard({ id: "id", at: beats.findLast((at) => at <= now) ?? 0, beat }, now);
    }
    if (reported) host.report = report;
    const none = { offset: 0, error: 0 };
    return host.figures({ before: none, after: none, error: 0, startMs: 10_000 }).silences;
  };

  test("has its silences told since t = 0, the last one to the end where it is lost", () => {
    expect(silencesOf([9500, 10_500, 11_600, 13_600], true)).toEqual([]);
    expect(silencesOf([9500, 10_500, 11_600, 14_000], true)).toEqual([{ fromMs: 1600, toMs: 4000 }]);
    expect(silencesOf([9500, 10_500, 14_000, 15_000], true)).toEqual([{ fromMs: 500, toMs: 4000 }]);
    expect(silencesOf([9500, 13_000], true)).toEqual([{ fromMs: 0, toMs: 3000 }]);
    expect(silencesOf([5000, 9000, 10_500], true)).toEqual([]);
    expect(silencesOf([9500, 10_500, 14_000, 15_000], false)).toEqual([
      { fromMs: 500, toMs: 4000 },
      { fromMs: 5000, toMs: null },
    ]);
  });

  test("is not said to have been silent while nobody looked, as when the server stood still", () => {
    const every = Array.from({ length: 9 }, (_, i) => 9500 + 1000 * i);
    expect(silencesOf(every, true, (now) => now < 11_000 || now > 15_000)).toEqual([]);
    expect(silencesOf([9500, 16_500, 17_500], true, (now) => now < 13_000 || now > 15_000)).toEqual([{ fromMs: 0, toMs: 6500 }]);
  });
});

describe("a slot", () => {
  const taken = (partition: number, version: string): Taken => ({ partition, version, claimed: false, token: `${version}+`, lines: "" });

  test("reads states from Redis unless it has committed their last version itself", async () => {
    const adopted: (readonly [number, string | null])[] = [];
    const asked: (readonly string[])[] = [];
    const processor = { adopt: (key: number, json: string | null) => adopted.push([key, json]) } as unknown as Processor;
    const states = new PartitionStates(processor, {
      states: async (_, names) => {
        asked.push(names);
        return names.map((name) => `"${name}"`);
      },
    });
    const [a, b] = [
      { key: 1, name: "a" },
      { key: 2, name: "b" },
    ];
    // Nothing was committed yet: there is nothing to read.
    await states.load(taken(0, ""), [a]);
    states.committed(taken(0, ""));
    await states.load(taken(0, "+"), [a]);
    expect(asked).toEqual([]);
    // A machine that it has not had since.
    await states.load(taken(0, "+"), [a, b]);
    expect(asked).toEqual([["b"]]);
    // Another has committed meanwhile.
    await states.load(taken(0, "another"), [a]);
    expect(asked).toEqual([["b"], ["a"]]);
    expect(adopted).toEqual([
      [2, '"b"'],
      [1, null],
      [2, null],
      [1, '"a"'],
    ]);
    // What it changed was refused.
    states.forget(0);
    await states.load(taken(0, "another"), [a]);
    expect(asked.at(-1)).toEqual(["a"]);
  });

  test("asks again for states that a broken connection did not bring", async () => {
    const adopted: number[] = [];
    let broken = true;
    const states = new PartitionStates({ adopt: (key: number) => adopted.push(key) } as unknown as Processor, {
      states: async (_, names) => {
        if (broken) throw new Error("broken");
        return names.map(() => "{}");
      },
    });
    await expect(states.load(taken(0, "one"), [{ key: 3, name: "c" }])).rejects.toThrow("broken");
    broken = false;
    await states.load(taken(0, "one"), [{ key: 3, name: "c" }]);
    expect(adopted).toEqual([3]);
  });

  test("tells of its items in stretches without gaps", () => {
    const log = new BatchLog();
    const items = [4, 5, 6, 9, 10].map((index) => Object.assign(new Item(), { index }));
    log.begin();
    log.processedTogether(items, 0, 5, 100, 600);
    log.failed(Object.assign(new Item(), { index: 11 }), 650, 600, "why");
    expect(log.stretches).toEqual([
      { first: 4, count: 3, began: 100, ended: 400, reason: null },
      { first: 9, count: 2, began: 400, ended: 600, reason: null },
      { first: 11, count: 1, began: 600, ended: 650, reason: "why" },
    ]);
    expect(log.processedTotal).toBe(5);
    const telling = new BatchLog(({ key }) => (key === 1 ? { of: key } : undefined));
    telling.processed(Object.assign(new Item(), { index: 3, key: 1 }), 1, 2);
    telling.failed(Object.assign(new Item(), { index: 4, key: 2 }), 3, 2, "why");
    expect(telling.stretches.map(({ figures }) => figures)).toEqual([{ of: 1 }, undefined]);
  });

  test("admits as many batches as its limit allows by now, all at once where it has grown by several", async () => {
    let most = 2;
    const gate = new WorkGate(() => most);
    let entered = 0;
    const enter = () => void gate.enter().then((in_) => (entered += in_ ? 1 : 0));
    for (let i = 0; i < 6; i++) enter();
    await Promise.resolve();
    expect(entered).toBe(2);
    most = 0;
    gate.leave(1);
    await Promise.resolve();
    expect(entered).toBe(2);
    most = 4;
    gate.leave(1);
    await Bun.sleep(0);
    expect(entered).toBe(6);
  });

  test("has leases that the main thread sees, by their age", () => {
    const memory = leaseMemory(2);
    const [slot, main] = [new SlotLeases(memory), new SlotLeases(memory)];
    slot.hold(0, 7, 3, 1000);
    slot.hold(1, 8, 4, 1400);
    expect(main.olderThan(500, 1600)).toEqual([{ partition: 7, token: 3 }]);
    slot.release(0);
    expect(main.olderThan(0, 1600)).toEqual([{ partition: 8, token: 4 }]);
  });
});
