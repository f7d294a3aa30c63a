import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { type KeyChoice, keyShares, keySource } from "../../../src/load/keys.ts";
import { LineReader, MAX_LINE_BYTES } from "../../../src/load/lines.ts";
import { Offered } from "../../../src/load/offered.ts";
import { openDueTimes, openTape } from "../../../src/load/open.ts";
import { Arrival, inspectTape, type Tape } from "../../../src/load/tape.ts";
import type { Load } from "../../../src/scenario/schema.ts";
import { rampTotal } from "../../../src/scenario/semantics.ts";
import { timestampOf } from "../../../src/workloads/message/message.ts";
import { rounds } from "../../support/campaign.ts";

const folder = mkdtempSync(join(tmpdir(), "lab-load-"));
afterAll(() => rmSync(folder, { recursive: true }));

const KEYS: KeyChoice = { count: 10, distribution: "uniform", exponent: 1 };
const open = (load: Partial<Load>, keys = KEYS, seed = 1): Tape => openTape({ load: load as Load, keys, seed }, timestampOf);
const constant = (change: object) =>
  ({ executor: "constant-arrival-rate", rate: 100, timeUnit: 1e6, duration: 1e6, arrivals: "uniform", jitter: 0, ...change }) as Load;

function read(tape: Tape): { due: number; key: number; line: number; text: string }[] {
  const arrival = new Arrival();
  const all = [];
  while (tape.next(arrival)) all.push({ due: arrival.dueMicros, key: arrival.key, line: arrival.line, text: arrival.text });
  return all;
}

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe("P1-R1 the arrival tape", () => {
  test("uniform arrivals fall due at i · timeUnit / rate, rate · duration / timeUnit of them", () => {
    expect(read(open(constant({ rate: 4 }))).map(({ due }) => due)).toEqual([0, 250_000, 500_000, 750_000]);
    expect(read(open(constant({ rate: 3, duration: 0.5e6 })))).toHaveLength(1);
    expect(read(open(constant({ rate: 90, timeUnit: 60e6, duration: 2e6 }))).map(({ due }) => due)).toEqual([0, 666_667, 1_333_333]);
  });

  test("Poisson arrivals have the asked rate and exponential gaps", () => {
    const dues = read(open(constant({ rate: 10_000, duration: 20e6, arrivals: "poisson" }))).map(({ due }) => due);
    expect(Math.abs(dues.length - 200_000)).toBeLessThan(2000);
    const gaps = dues.slice(1).map((due, i) => due - (dues[i] ?? 0));
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
    expect(Math.abs(mean - 100)).toBeLessThan(1);
    expect(Math.sqrt(variance) / mean).toBeCloseTo(1, 1);
    expect(dues.every((due) => due < 20e6)).toBe(true);
  });

  test("jitter moves each by at most ±, sorts again and loses none", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 1, max: 200_000 }), fc.nat(1000), (rate, jitter, seed) => {
        const plain = read(open(constant({ rate }), KEYS, seed)).map(({ due }) => due);
        const moved = read(open(constant({ rate, jitter }), KEYS, seed)).map(({ due }) => due);
        expect(moved).toHaveLength(plain.length);
        for (let i = 0; i < moved.length; i++) {
          expect(moved[i] ?? 0).toBeGreaterThanOrEqual(moved[i - 1] ?? 0);
          // After sorting, place i holds something no further than the jitter from the i-th plain arrival.
          expect(Math.abs((moved[i] ?? 0) - (plain[i] ?? 0))).toBeLessThanOrEqual(jitter + 1);
        }
      }),
      { numRuns: rounds(30) },
    );
  });

  test("burst k is due at k · every, all of it", () => {
    const dues = read(open({ executor: "bursts", size: 3, every: 1000, count: 2 })).map(({ due }) => due);
    expect(dues).toEqual([0, 0, 0, 1000, 1000, 1000]);
  });

  test("the same seed gives the same hash; another seed, key or rate another", async () => {
    const hash = async (load: Load, keys = KEYS, seed = 1) => (await inspectTape(open(load, keys, seed), null, 0)).hash;
    const poisson = constant({ arrivals: "poisson", jitter: 2000 });
    const first = await hash(poisson);
    expect(first).toBe(await hash(poisson));
    expect(first).toBe("baa8a6de8b80d4acdd4d3f23bea796daa11ba69b6895572e832d103d3502215d");
    const others = await Promise.all([hash(poisson, KEYS, 2), hash(constant({})), hash(poisson, { ...KEYS, count: 9 })]);
    expect(new Set([first, ...others]).size).toBe(4);
  });

  test("a long tape is read in stretches, to the same facts", async () => {
    const long = open({ executor: "bursts", size: 250_000, every: 1000, count: 1 });
    let pauses = 0;
    const facts = await inspectTape(long, null, 0, async () => void pauses++);
    expect([facts.count, pauses]).toEqual([250_000, 2]);
  });

  test("due times alone are those of the whole tape", () => {
    const loads: Load[] = [
      constant({ arrivals: "poisson", jitter: 900 }),
      { executor: "bursts", size: 3, every: 700.5, count: 4 },
      { executor: "replay", file: file("due.ndjson", "{}\n{}\n{}\n{}\n"), rate: 7 },
      { executor: "replay", file: file("due.ndjson", "{}\n{}\n{}\n{}\n") },
      {
        executor: "replay",
        file: file("due.ndjson", '{"worker_id":"a","payload":{"op":"increment","key":"k"},"timestamp":1}\n{}\n'),
        speed: 3,
      },
    ];
    for (const load of loads) {
      const source = { load, keys: KEYS, seed: 5 };
      const whole = read(openTape(source, timestampOf)).map(({ due }) => due);
      const times = openDueTimes(source, whole.length, timestampOf);
      const alone: number[] = [];
      for (let at = times.next(0); at !== Number.POSITIVE_INFINITY; at = times.next(0)) {
        for (let i = 0; i < times.together; i++) alone.push(at);
      }
      times.close();
      expect(alone).toEqual(whole);
    }
  });

  test("a ramp's i-th arrival falls due where the area under the rate reaches i", () => {
    // A stage that takes no time is a jump.
    const duration = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1000, max: 400_000 }) }, { weight: 1, arbitrary: fc.constant(0) });
    const stage = fc.record({ target: fc.nat(2000), duration });
    fc.assert(
      fc.property(fc.nat(2000), fc.array(stage, { minLength: 1, maxLength: 5 }), (startRate, stages) => {
        const load = { executor: "ramping-arrival-rate", startRate, timeUnit: 1e6, stages, arrivals: "uniform", jitter: 0 } as const;
        const due = read(open(load)).map((arrival) => arrival.due);
        expect(due.length).toBe(Math.floor(rampTotal(load) + 1e-9));
        const areaUntil = (at: number): number => {
          let rate = startRate;
          let from = 0;
          let area = 0;
          for (const { target, duration } of stages) {
            const span = Math.min(duration, Math.max(0, at - from));
            const there = duration === 0 ? target : rate + ((target - rate) * span) / duration;
            area += ((rate + there) / 2) * (span / 1e6);
            from += duration;
            rate = target;
          }
          return area;
        };
        // Due times are whole microseconds, and at most 2000 arrivals fall into a second.
        due.forEach((at, i) => {
          expect(Math.abs(areaUntil(at) - i)).toBeLessThan(0.003);
        });
      }),
      { numRuns: rounds(60) },
    );
  });

  test("a Poisson ramp has as many arrivals in each stretch as the area there says", () => {
    const stages = [
      { target: 4000, duration: 10e6 },
      { target: 4000, duration: 10e6 },
    ];
    const load = { executor: "ramping-arrival-rate", startRate: 0, timeUnit: 1e6, stages, arrivals: "poisson", jitter: 0 } as const;
    const due = read(open(load)).map((arrival) => arrival.due);
    const between = (from: number, to: number) => due.filter((at) => at >= from && at < to).length;
    for (const [from, to, expected] of [
      [0, 5e6, 5000],
      [5e6, 10e6, 15_000],
      [10e6, 20e6, 40_000],
    ] as const) {
      expect(Math.abs(between(from, to) - expected)).toBeLessThan(4 * Math.sqrt(expected));
    }
  });
});

describe("keys", () => {
  test("round-robin visits each in turn, zipf follows 1/k^s", () => {
    const next = keySource({ count: 3, distribution: "round-robin", exponent: 1 }, 1);
    expect([0, 1, 2, 3].map(() => next.next())).toEqual([0, 1, 2, 0]);
    const zipf = { count: 100, distribution: "zipf", exponent: 1.2 } as const;
    const shares = keyShares(zipf);
    const source = keySource(zipf, 3);
    const counts = new Array<number>(100).fill(0);
    for (let i = 0; i < 100_000; i++) {
      const key = source.next();
      counts[key] = (counts[key] ?? 0) + 1;
    }
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    for (const k of [0, 1, 9, 50]) expect((counts[k] ?? 0) / 100_000).toBeCloseTo(shares[k] ?? 0, 2);
    expect(keyShares(KEYS)[3]).toBeCloseTo(0.1, 12);
  });
});

describe("replay", () => {
  const line = (timestamp: number) => JSON.stringify({ worker_id: "a", payload: { op: "increment", key: "k" }, timestamp });

  test("all at once, by rate, by timestamps; empty lines are no messages", () => {
    const path = file("a.ndjson", `${line(10)}\n\n${line(10.5)}\r\n   \n${line(10.25)}\nbroken\n${line(11)}`);
    const dues = (change: object) => read(open({ executor: "replay", file: path, ...change } as Load)).map(({ due }) => due);
    expect(dues({})).toEqual([0, 0, 0, 0, 0]);
    expect(dues({ rate: 2 })).toEqual([0, 500_000, 1_000_000, 1_500_000, 2_000_000]);
    expect(dues({ speed: 2 })).toEqual([0, 250_000, 250_000, 250_000, 500_000]);
    expect(read(open({ executor: "replay", file: path } as Load)).map((arrival) => arrival.line)).toEqual([1, 3, 5, 6, 7]);
  });

  test("a timestamp years away is an error, not a wait", () => {
    const path = file("far.ndjson", `${line(0)}\n${line(1e300)}\n`);
    expect(() => read(open({ executor: "replay", file: path, speed: 1 } as Load))).toThrow("30 days");
  });

  test("lines are read whole, whatever the chunk they fall into", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "grapheme", maxLength: 50 }).filter((text) => !/[\r\n\ufeff\ufffd]/.test(text))),
        fc.boolean(),
        (lines, ended) => {
          const path = file("p.txt", lines.join("\n") + (ended && lines.length > 0 ? "\n" : ""));
          const reader = new LineReader(path);
          const seen: string[] = [];
          for (let text = reader.next(); text !== null; text = reader.next()) seen.push(text);
          reader.close();
          const expected = ended || lines.at(-1) !== "" ? lines : lines.slice(0, -1);
          expect(seen).toEqual(lines.length === 0 || (lines.length === 1 && lines[0] === "" && !ended) ? [] : expected);
        },
      ),
      { numRuns: rounds(50) },
    );
    const long = "x".repeat(700_000);
    const reader = new LineReader(file("long.txt", `${long}\n${"y".repeat(MAX_LINE_BYTES + 1)}\nafter\n${"z".repeat(2_000_000)}`));
    expect(reader.next()).toBe(long);
    expect([reader.next(), reader.cut]).toEqual(["", true]);
    expect([reader.next(), reader.cut, reader.line]).toEqual(["after", false, 3]);
    expect([reader.next(), reader.cut]).toEqual(["", true]);
    expect(reader.next()).toBeNull();
    reader.close();
    reader.close();
  });

  test("a byte-order mark is no part of the first line; bytes that are no UTF-8 are marked", () => {
    const reader = new LineReader(file("bom.txt", new Uint8Array([0xef, 0xbb, 0xbf, 0x61, 10, 0xff, 10, 0xef, 0xbf, 0xbd, 10])));
    expect([reader.next(), reader.garbled]).toEqual(["a", false]);
    expect([reader.next(), reader.garbled]).toEqual(["\ufffd", true]);
    expect([reader.next(), reader.garbled]).toEqual(["\ufffd", false]);
    reader.close();
  });
});

describe("offered", () => {
  test("counts what is due whether anyone took it, and its integral over time", () => {
    const offered = new Offered(openDueTimes({ load: constant({ rate: 4 }), keys: KEYS, seed: 1 }, 4, timestampOf), 250e6);
    offered.advance(500e6);
    expect([offered.count, offered.measured, offered.ended]).toEqual([3, 2, false]);
    // One due from 250 ms, two from 500 ms: 0.25 s · 1 + 0.1 s · 2; and one from 0, during warm-up.
    expect(offered.measuredAreaUntil(600e6)).toBeCloseTo(0.45e9, 0);
    expect(offered.areaUntil(600e6)).toBeCloseTo(1.05e9, 0);
    offered.stop(800e6);
    expect([offered.count, offered.last, offered.ended]).toEqual([4, 750e6, true]);
    offered.stop(900e6);
  });
});
