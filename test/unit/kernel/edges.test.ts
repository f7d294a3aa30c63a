import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { splitEvenly } from "../../../src/kernel/divide.ts";
import { nearest, suggestion } from "../../../src/kernel/spelling.ts";
import { printable, quoted } from "../../../src/kernel/text.ts";
import { pause, within } from "../../../src/kernel/timers.ts";
import { formatBytes, formatCount, formatMs, formatShare, parseDuration, parseNumber, parseSize } from "../../../src/kernel/units.ts";
import { VirtualTimers } from "../../support/virtual-timers.ts";

describe("where a figure goes over to another unit, or has a digit less behind the point", () => {
  test.each([
    [0.000_999_4, "999 ns"],
    [0.000_999_5, "1.00 µs"],
    [0.999_4, "999 µs"],
    [0.999_5, "1.00 ms"],
    [9.994, "9.99 ms"],
    [9.995, "10.0 ms"],
    [99.94, "99.9 ms"],
    [99.95, "100 ms"],
    [999.4, "999 ms"],
    [999.5, "1.00 s"],
    [119_999, "120 s"],
    [120_000, "2.00 min"],
    [-5, "-5.00 ms"],
    [0, "0"],
    [Number.NaN, "–"],
  ])("%p ms is %s", (ms, text) => {
    expect(formatMs(ms)).toBe(text);
  });

  test.each([
    [0.000_994, "1e-3"],
    [0.000_996, "0.001"],
    [0.099_4, "0.099"],
    [0.099_5, "0.10"],
    [7, "7"],
    [7.5, "7.50"],
    [999, "999"],
    [999.4, "999"],
    [999.5, "1.00 k"],
    [999_499, "999 k"],
    [999_500, "1.00 M"],
    [999_499_999, "999 M"],
    [999_500_000, "1.00 G"],
    [-2000, "-2.00 k"],
    [0, "0"],
    [Number.POSITIVE_INFINITY, "–"],
  ])("a count of %p is %s", (count, text) => {
    expect(formatCount(count)).toBe(text);
  });

  test.each([
    [999, "999 B"],
    [1000, "1.00 KB"],
    [999_499, "999 KB"],
    [999_500, "1.00 MB"],
    [999_499_999, "999 MB"],
    [999_500_000, "1.00 GB"],
  ])("%p bytes are %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  test.each([
    [0, "0 %"],
    [0.001, "0.1 %"],
    [0.099_9, "10.0 %"],
    [0.1, "10 %"],
    [1, "100 %"],
  ])("a share of %p is %s", (share, text) => {
    expect(formatShare(share)).toBe(text);
  });
});

describe("figures that people write", () => {
  test("durations go from the largest unit to the smallest, each once", () => {
    expect([parseDuration("1m30s"), parseDuration("30s1m"), parseDuration("1s1s"), parseDuration("1.5s")]).toEqual([
      90e6,
      null,
      null,
      1.5e6,
    ]);
  });

  test("a bare 0 needs no unit, anything else does", () => {
    expect([parseDuration(0), parseDuration("0"), parseSize(0), parseSize("0"), parseDuration(5), parseSize("5")]).toEqual([
      0,
      0,
      0,
      0,
      null,
      null,
    ]);
  });

  test("numbers may have underscores, but not at their beginning", () => {
    expect([parseNumber("10_000"), parseNumber("-2.5e3"), parseNumber("_1"), parseNumber("1e400"), parseNumber(true)]).toEqual([
      10_000,
      -2500,
      null,
      null,
      null,
    ]);
  });
});

describe("text is cut", () => {
  test("to its limit, of which the sign that it was cut is a part", () => {
    expect([printable("12345", 5), printable("123456", 5)]).toEqual(["12345", "1234…"]);
  });

  test("by how long it is when what a terminal acts on is written out", () => {
    expect([printable("\n\n", 4), printable("\n\n\n", 4), printable("\u001b", 4)]).toEqual(["\\n\\n", "\\n\\…", "\\x1b"]);
  });

  test("however long it is", () => {
    expect(printable("x".repeat(1000), 5)).toBe("xxxx…");
    expect(quoted("x".repeat(1000), 5)).toBe('"xxx…');
  });

  test("but a value that is no text is told as it stands", () => {
    expect([quoted(undefined), quoted(Number.NaN), quoted(5n), quoted([1, "a"])]).toEqual(["nothing", "NaN", "5", '[1,"a"]']);
  });
});

describe("the word that was meant", () => {
  test("is the nearest, if at least half of a short one is right", () => {
    expect([nearest("ab", ["ax"]), nearest("ab", ["xy"]), nearest("sinc", ["async", "sync"])]).toEqual(["ax", null, "sync"]);
  });

  test("may be as far as a third of its letters, and two of few", () => {
    expect([
      nearest("abcdefghi", ["abcdefxyz"]),
      nearest("abcdefghi", ["abcdewxyz"]),
      nearest("abcd", ["abxy"]),
      nearest("abcd", ["axyz"]),
    ]).toEqual(["abcdefxyz", null, "abxy", null]);
  });

  test("may be one that begins with it, or with which it begins, from three letters on", () => {
    expect([nearest("con", ["concurrency"]), nearest("co", ["concurrency"]), nearest("concurrencyLimit", ["concurrency"])]).toEqual([
      "concurrency",
      null,
      "concurrency",
    ]);
  });

  test("is suggested in a sentence, or nothing is", () => {
    expect([suggestion("sinc", ["sync"]), suggestion("zzz", ["sync"])]).toEqual(['; did you mean "sync"?', ""]);
  });
});

test("a whole number in parts is as even as can be, the first ones the larger", () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.integer({ min: 1, max: 50 }), (total, parts) => {
      const all = splitEvenly(total, parts);
      expect([all.length, all.reduce((sum, part) => sum + part, 0)]).toEqual([parts, total]);
      expect(Math.max(...all) - Math.min(...all)).toBeLessThanOrEqual(1);
      expect(all).toEqual(all.toSorted((a, b) => b - a));
    }),
  );
});

describe("waiting for something, but not too long", () => {
  test("gives what came in time, and what stands for it when it did not", async () => {
    const timers = new VirtualTimers();
    const after = (ms: number) => new Promise<string>((resolve) => timers.after(ms, () => resolve("came")));
    expect(await timers.run(within(timers, 10, after(9), "late"))).toBe("came");
    expect(await timers.run(within(timers, 10, after(11), "late"))).toBe("late");
  });

  test("leaves no timer behind", async () => {
    const timers = new VirtualTimers();
    await within(timers, 10, Promise.resolve(1), null);
    await within(timers, 10, Promise.reject(new Error("no")), null).catch(() => {});
    expect(timers.pending).toBe(0);
  });

  test("ends as soon as its signal is aborted, before or meanwhile", async () => {
    const timers = new VirtualTimers();
    const abort = new AbortController();
    const waiting = within(timers, 10, new Promise(() => {}), null, abort.signal).catch((error) => error);
    abort.abort("enough");
    expect(await waiting).toBe("enough");
    expect(await within(timers, 10, new Promise(() => {}), null, abort.signal).catch((error) => error)).toBe("enough");
    expect(timers.pending).toBe(0);
  });

  test("a pause ends after its time, or as soon as its signal is aborted", async () => {
    const timers = new VirtualTimers();
    let over = 0;
    void pause(timers, 10).then(() => over++);
    await timers.advance(9);
    const before = over;
    await timers.advance(1);
    const abort = new AbortController();
    void pause(timers, 1000, abort.signal).then(() => over++);
    abort.abort();
    await timers.advance(0);
    await pause(timers, 1000, abort.signal);
    expect([before, over, timers.pending]).toEqual([0, 2, 0]);
  });
});
