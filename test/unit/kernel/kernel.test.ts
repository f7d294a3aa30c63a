import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import stringWidth from "string-width";
import { monotonic, sharedClock, threadCpu } from "../../../src/kernel/clock.ts";
import { exactExp, exactLog, exactPow } from "../../../src/kernel/exact-math.ts";
import { fileProblem } from "../../../src/kernel/file-problem.ts";
import { Heap } from "../../../src/kernel/heap.ts";
import { IdTable } from "../../../src/kernel/id-table.ts";
import { formatProblem } from "../../../src/kernel/problem.ts";
import { Random } from "../../../src/kernel/random.ts";
import { nearest, suggestion } from "../../../src/kernel/spelling.ts";
import { cutTo, padLeft, printable, quoted, safeJson } from "../../../src/kernel/text.ts";
import {
  formatBytes,
  formatCount,
  formatMs,
  formatRate,
  formatShare,
  parseDuration,
  parseNumber,
  parseSize,
} from "../../../src/kernel/units.ts";
import { WordReader, WordWriter } from "../../../src/kernel/word-buffer.ts";
import { rounds } from "../../support/campaign.ts";

describe("clock", () => {
  test("runs as fast as the system's own, also when the compiler has seen it a million times", () => {
    for (let i = 0; i < 1_000_000; i++) monotonic.now();
    const from = monotonic.now();
    const reference = performance.now();
    while (performance.now() - reference < 20);
    const passed = (monotonic.now() - from) / 1e6;
    expect(passed).toBeGreaterThan(19);
    expect(passed).toBeLessThan(200);
  });

  test("is one clock for all processes where the C library is there", async () => {
    if (!sharedClock) return;
    const path = Bun.fileURLToPath(new URL("../../../src/kernel/clock.ts", import.meta.url));
    const before = monotonic.now();
    const child = Bun.spawn([process.execPath, "-e", `import { monotonic } from ${JSON.stringify(path)}; console.log(monotonic.now())`], {
      stdout: "pipe",
    });
    const theirs = Number(await new Response(child.stdout).text());
    expect(theirs).toBeGreaterThan(before);
    expect(theirs).toBeLessThan(monotonic.now());
  });

  test("the thread's CPU time grows with work and not with waiting", () => {
    if (threadCpu() === null) return;
    const before = threadCpu() ?? 0;
    Bun.sleepSync(20);
    const slept = (threadCpu() ?? 0) - before;
    const until = performance.now() + 20;
    while (performance.now() < until);
    const worked = (threadCpu() ?? 0) - before - slept;
    expect(slept).toBeLessThan(worked);
  });
});

describe("exact math", () => {
  test("log, exp and pow agree with the platform's to 1e-13", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), (x) => {
        expect(Math.abs(exactLog(x) - Math.log(x))).toBeLessThanOrEqual(1e-13 * Math.max(1, Math.abs(Math.log(x))));
      }),
    );
    fc.assert(
      fc.property(fc.double({ min: -300, max: 300, noNaN: true }), (x) => {
        expect(Math.abs(exactExp(x) / Math.exp(x) - 1)).toBeLessThan(1e-12);
      }),
    );
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 1e6, noNaN: true }), fc.double({ min: 0, max: 5, noNaN: true }), (x, y) => {
        expect(Math.abs(exactPow(x, y) / x ** y - 1)).toBeLessThan(1e-12);
      }),
    );
  });

  test("results are these bits on every machine", () => {
    expect(exactLog(7)).toBe(1.9459101490553132);
    expect(exactLog(3)).toBe(1.0986122886681098);
    expect(exactPow(7, 1.1)).toBe(exactExp(1.1 * exactLog(7)));
    expect(exactExp(1)).toBeCloseTo(Math.E, 14);
    expect(exactLog(5e-324)).toBeCloseTo(-744.4400719213812, 10);
    expect([exactPow(5, 0), exactPow(5, 1), exactExp(-800), exactExp(800)]).toEqual([1, 5, 0, Number.POSITIVE_INFINITY]);
  });
});

describe("random", () => {
  test("the same seed and name give the same stream; another name another", () => {
    const draw = (seed: number, name: string) =>
      Array.from(
        { length: 8 },
        (
          (random) => () =>
            random.bits()
        )(new Random(seed, name)),
      );
    expect(draw(7, "keys")).toEqual(draw(7, "keys"));
    expect(draw(7, "keys")).not.toEqual(draw(7, "jitter"));
    expect(draw(7, "keys")).not.toEqual(draw(8, "keys"));
    expect(draw(2 ** 40, "keys")).not.toEqual(draw(2 ** 41, "keys"));
  });

  test("unit and below are uniform", () => {
    const random = new Random(1, "uniform");
    const counts = new Array<number>(10).fill(0);
    let sum = 0;
    for (let i = 0; i < 100_000; i++) {
      const at = random.below(10);
      counts[at] = (counts[at] ?? 0) + 1;
      const u = random.unit();
      expect(u >= 0 && u < 1).toBe(true);
      sum += u;
    }
    expect(sum / 100_000).toBeCloseTo(0.5, 2);
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });
});

describe("heap", () => {
  test("gives values back in order, equals first in first out", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (numbers) => {
        const heap = new Heap<number>();
        for (const [i, number] of numbers.entries()) heap.push(number, i);
        const expected = numbers.map((number, i) => ({ number, i })).sort((a, b) => a.number - b.number || a.i - b.i);
        expect(numbers.map(() => heap.pop())).toEqual(expected.map(({ i }) => i));
        expect([heap.size, heap.next, heap.pop()]).toEqual([0, Number.POSITIVE_INFINITY, undefined]);
      }),
    );
  });
});

describe("units", () => {
  test("durations, sizes and numbers as people write them", () => {
    expect(["500us", "5ms", "1.5s", "2m", "1h", "1_000ms", 0].map(parseDuration)).toEqual([500, 5000, 1.5e6, 120e6, 3600e6, 1e6, 0]);
    expect(["1m30s", "1h2m3.5s", "1s500ms"].map(parseDuration)).toEqual([90e6, 3723.5e6, 1.5e6]);
    expect(["30s1m", "1s1s", "1m 30s", "1m30"].map(parseDuration)).toEqual(new Array(4).fill(null));
    expect(["5", "ms", "-5ms", "1e3s", 5, null, "5 ms"].map(parseDuration)).toEqual(new Array(7).fill(null));
    expect(["64B", "2KB", "1MB", "1.5GB", "0"].map(parseSize)).toEqual([64, 2000, 1e6, 1.5e9, 0]);
    expect(["64", "KB", 5, "2KiB"].map(parseSize)).toEqual(new Array(4).fill(null));
    expect(["10_000", 3, "1e3", "1.5"].map(parseNumber)).toEqual([10_000, 3, 1000, 1.5]);
    expect(["", "x", "0x10", null].map(parseNumber)).toEqual(new Array(4).fill(null));
  });

  test("a number that cannot be held is none, however it is written", () => {
    const digits = "9".repeat(400);
    expect(["1e400", "-1e400", digits, Number.POSITIVE_INFINITY, Number.NaN].map(parseNumber)).toEqual(new Array(5).fill(null));
    expect([`${digits}ms`, "1e309ms", "Infinityms"].map(parseDuration)).toEqual(new Array(3).fill(null));
    expect([`${digits}GB`, `${digits}B`, "9007199254740993B"].map(parseSize)).toEqual(new Array(3).fill(null));
  });

  test("figures are shown in three digits with their unit", () => {
    expect([0, 0.0000005, 0.412, 4.25, 12_300, 300_000, Number.NaN].map(formatMs)).toEqual([
      "0",
      "1 ns",
      "412 µs",
      "4.25 ms",
      "12.3 s",
      "5.00 min",
      "–",
    ]);
    expect([7, 0.5, 1234, 7_123_456, 2e9, Number.POSITIVE_INFINITY].map(formatCount)).toEqual([
      "7",
      "0.50",
      "1.23 k",
      "7.12 M",
      "2.00 G",
      "–",
    ]);
    expect(formatRate(412)).toBe("412/s");
    expect([12, 2048, 3e6, 4e9].map(formatBytes)).toEqual(["12 B", "2.05 KB", "3.00 MB", "4.00 GB"]);
    expect([0, 0.034, 0.98].map(formatShare)).toEqual(["0 %", "3.4 %", "98 %"]);
  });
});

describe("text from outside", () => {
  test("nothing a terminal would act on is left, whatever the input", () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is the point
    const unsafe = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f]/;
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 400 }), (text) => {
        expect(unsafe.test(printable(text))).toBe(false);
        expect(Bun.stringWidth(printable(text))).toBeLessThanOrEqual(200);
        expect(unsafe.test(quoted(text))).toBe(false);
        expect(unsafe.test(safeJson({ [text]: text }))).toBe(false);
        expect(JSON.parse(safeJson({ [text]: text }, 2))).toEqual(JSON.parse(JSON.stringify({ [text]: text })));
      }),
    );
    expect(printable("\u001b[31mred\n\u009b1m\u202e")).toBe("\\x1b[31mred\\n\\x9b1m\\u202e");
    expect(printable("a".repeat(1000), 10)).toBe("aaaaaaaaa…");
    expect(printable("\ud800x")).toBe("\\ud800x");
  });

  test("is cut to columns, and never within what is one character to a reader", () => {
    const pieces = fc.constantFrom(
      "a",
      " ",
      "é",
      "e\u0301",
      "한",
      "表",
      "ｶﾞ",
      "😀",
      "👍🏽",
      "👩‍👩‍👧‍👦",
      "🇩🇪",
      "❤️",
      "1️⃣",
      "नि",
      "\u0e01\u0e33",
      "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
      `z${"\u0335".repeat(40)}`,
    );
    const texts = fc.oneof(
      fc.array(pieces, { maxLength: 40 }).map((all) => all.join("")),
      fc.string({ unit: "grapheme", maxLength: 60 }),
      // Of what is no character yet nobody knows how wide it will be.
      fc.string({ unit: "binary", maxLength: 60 }).map((text) => text.replace(/\p{Cn}/gu, "")),
    );
    const characters = (text: string) =>
      [...new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text)].map((one) => one.segment);
    fc.assert(
      fc.property(texts, fc.integer({ min: 0, max: 30 }), (text, columns) => {
        const cut = cutTo(text, columns);
        expect(stringWidth(cut)).toBeLessThanOrEqual(columns);
        expect(cut.length).toBeLessThanOrEqual(8 * columns + 1);
        if (cut === text) return;
        expect(cut).toBe(columns === 0 ? "" : `${cut.slice(0, -1)}…`);
        const whole = characters(text);
        const left = characters(cut.slice(0, -1));
        expect(left).toEqual(whole.slice(0, left.length));
        expect(Bun.stringWidth(padLeft(cut, columns))).toBe(columns);
      }),
      { numRuns: rounds(500) },
    );
    expect(cutTo("naïve 👍🏽👍🏽", 9)).toBe("naïve 👍🏽…");
    expect(printable("👍".repeat(500), 10)).toBe("👍👍👍👍…");
  });

  test("values are shown as they stood", () => {
    expect([undefined, Number.POSITIVE_INFINITY, "x", [1], null].map((value) => quoted(value))).toEqual([
      "nothing",
      "Infinity",
      '"x"',
      "[1]",
      "null",
    ]);
    const loop: Record<string, unknown> = {};
    loop["self"] = loop;
    expect(quoted(loop)).toBe("[object Object]");
  });
});

describe("problems", () => {
  test("the nearest word is offered only when it is near", () => {
    expect(nearest("lod", ["load", "keys"])).toBe("load");
    expect(nearest("xyzzy", ["load", "keys"])).toBeNull();
    expect(suggestion("sise", ["size"])).toBe('; did you mean "size"?');
    expect(suggestion("qqqqqq", ["size"])).toBe("");
  });

  test("a problem has its place; one with a flag has none", () => {
    expect(formatProblem({ file: "a\u001b.yaml", line: 3, column: 4, message: "m" })).toBe("a\\x1b.yaml:3:4: m");
    expect(formatProblem({ file: "--seed x", line: 0, column: 0, message: "m" })).toBe("--seed x: m");
  });

  test("what the system says of a file is a sentence", () => {
    for (const code of ["ENOENT", "EACCES", "EISDIR", "EEXIST", "ENOTDIR", "ENOSPC", "EROFS", "ENAMETOOLONG", "ELOOP"]) {
      expect(fileProblem(Object.assign(new Error("raw"), { code }))).not.toContain("raw");
    }
    expect(fileProblem(new Error("raw"))).toBe("raw");
    expect(fileProblem("odd")).toBe("odd");
  });
});

describe("words", () => {
  test("what is written is read again", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.record({ type: fc.constant("float" as const), value: fc.double({ noNaN: true }) }),
            fc.record({ type: fc.constant("pair" as const), value: fc.tuple(fc.nat(0xffffffff), fc.nat(0xffffffff)) }),
            fc.record({ type: fc.constant("text" as const), value: fc.string({ unit: "grapheme" }) }),
            fc.record({ type: fc.constant("fill" as const), value: fc.nat(40) }),
          ),
          { maxLength: 30 },
        ),
        (entries) => {
          const buffer = new SharedArrayBuffer(64 * 1024);
          const writer = new WordWriter(buffer);
          for (const { type, value } of entries) {
            if (type === "float") writer.float(value);
            else if (type === "pair") writer.pair(value[0], value[1]);
            else if (type === "text") writer.text(value, 9);
            else writer.fill(value, 1);
          }
          const reader = new WordReader(buffer);
          for (const { type, value } of entries) {
            if (type === "float") expect(reader.float()).toBe(value);
            else if (type === "pair") expect([reader.low(), reader.high]).toEqual(value);
            else if (type === "text") expect(reader.text()).toBe(value);
            else reader.skip(value);
          }
          expect(reader.at).toBe(writer.at);
        },
      ),
    );
  });
});

describe("IdTable", () => {
  test("has its values in the order of their ids, however they came", () => {
    for (const ids of [
      [5, 520, 600, 1300],
      [1300, 600, 520, 5],
      [600, 5, 1300, 520],
    ]) {
      const table = new IdTable<number>();
      for (const id of ids) table.set(id, id);
      expect([...table.values()]).toEqual([5, 520, 600, 1300]);
    }
  });

  test("is a map, whatever comes, leaves and comes back", () => {
    const near = fc.integer({ min: 0, max: 3000 });
    const op = fc.oneof(
      fc.record({ kind: fc.constant("add" as const), count: fc.integer({ min: 1, max: 1500 }) }),
      fc.record({ kind: fc.constant("delete" as const), from: near, count: fc.integer({ min: 1, max: 1500 }) }),
      fc.record({ kind: fc.constant("again" as const), id: near }),
    );
    fc.assert(
      fc.property(fc.array(op, { maxLength: 30 }), (ops) => {
        const table = new IdTable<string>();
        const map = new Map<number, string>();
        let last = 0;
        const set = (id: number) => {
          table.set(id, `value ${id}`);
          map.set(id, `value ${id}`);
        };
        for (const each of ops) {
          if (each.kind === "add") for (let i = 0; i < each.count; i++) set(++last);
          else if (each.kind === "again") set(each.id);
          else
            for (let id = each.from; id < each.from + each.count; id++) {
              table.delete(id);
              map.delete(id);
            }
          expect(table.size).toBe(map.size);
        }
        for (let id = 0; id <= last + 1; id++) expect(table.get(id)).toBe(map.get(id));
      }),
    );
  });
});
