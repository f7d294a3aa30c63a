import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { TerminalWriter } from "../../../src/kernel/terminal-writer.ts";

/** A terminal that takes so many bytes at each try, none where it is 0, and everything once its list is at its end. */
function terminal(takes: readonly number[]) {
  const tries = [...takes];
  let taken = "";
  let later: (() => void) | null = null;
  const writer = new TerminalWriter(
    0,
    (_, bytes) => {
      const most = tries.shift() ?? bytes.length;
      if (most === 0) throw Object.assign(new Error("busy"), { code: "EAGAIN" });
      const count = Math.min(most, bytes.length);
      taken += bytes.subarray(0, count).toString("latin1");
      return count;
    },
    (act) => {
      later = act;
    },
  );
  const retry = () => {
    const act = later;
    later = null;
    act?.();
    return act !== null;
  };
  return { writer, retry, taken: () => taken };
}

describe("writing to a terminal that may not read", () => {
  test("whatever it takes when, all comes to it once and in order", () => {
    const texts = fc.array(fc.string({ minLength: 1, maxLength: 20, unit: fc.constantFrom(..."abcdefgh") }), { maxLength: 20 });
    fc.assert(
      fc.property(texts, fc.array(fc.nat(7), { maxLength: 60 }), (written, takes) => {
        const { writer, retry, taken } = terminal(takes);
        for (const text of written) writer.write(Buffer.from(text));
        while (retry());
        expect([taken(), writer.empty]).toEqual([written.join(""), true]);
      }),
    );
  });

  test("one that takes nothing holds nobody up, and is tried again only later", () => {
    const { writer, taken } = terminal([0, 0, 0]);
    for (let i = 0; i < 100; i++) writer.write(Buffer.from("x"));
    expect([taken(), writer.empty]).toEqual(["", false]);
  });

  test("one that is gone keeps nothing waiting", () => {
    const writer = new TerminalWriter(0, () => {
      throw Object.assign(new Error("hung up"), { code: "EIO" });
    });
    writer.write(Buffer.from("x"));
    expect(writer.empty).toBe(true);
  });
});
