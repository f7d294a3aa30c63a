import { afterEach, expect, test } from "bun:test";
import { hasColors, isInteractive, widthOf } from "../../../src/cli/terminal.ts";

const before = { CI: process.env["CI"], TERM: process.env["TERM"], out: process.stdout.isTTY, in: process.stdin.isTTY };
afterEach(() => {
  for (const name of ["CI", "TERM"] as const) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
  process.stdout.isTTY = before.out;
  process.stdin.isTTY = before.in;
});

test.each([
  ["false", true],
  ["FALSE", true],
  ["0", true],
  ["", true],
  ["true", false],
  ["1", false],
  ["woodpecker", false],
] as const)("CI=%s on a terminal: drawn on: %p", (value, drawn) => {
  process.env["CI"] = value;
  process.env["TERM"] = "xterm";
  process.stdout.isTTY = true;
  process.stdin.isTTY = true;
  expect(isInteractive()).toBe(drawn);
});

test("a terminal that can do nothing is not drawn on", () => {
  Object.assign(process.env, { CI: "", TERM: "dumb" });
  process.stdout.isTTY = true;
  process.stdin.isTTY = true;
  expect(isInteractive()).toBe(false);
});

test("colours are for terminals that have them and people who want them", () => {
  const terminal = { isTTY: true };
  expect([hasColors(terminal, true, {}), hasColors(terminal, true, { NO_COLOR: "" })]).toEqual([true, true]);
  expect(hasColors({}, true, {})).toBe(false);
  expect(hasColors(terminal, false, {})).toBe(false);
  expect(hasColors(terminal, true, { NO_COLOR: "1" })).toBe(false);
  expect(hasColors(terminal, true, { TERM: "dumb" })).toBe(false);
});

test("a terminal of width 0 does not know its width", () => {
  expect([widthOf({ columns: 0 }), widthOf({}), widthOf({ columns: 100 })]).toEqual([undefined, undefined, 100]);
});

test("what is larger than any terminal that somebody looks at is not drawn on", () => {
  const { columns, rows } = process.stdout;
  Object.assign(process.env, { CI: "", TERM: "xterm" });
  process.stdout.isTTY = true;
  process.stdin.isTTY = true;
  const drawn = [
    [65_535, 65_535],
    [500, 200],
    [0, 0],
  ].map(([width, height]) => {
    Object.assign(process.stdout, { columns: width, rows: height });
    return isInteractive();
  });
  Object.assign(process.stdout, { columns, rows });
  expect(drawn).toEqual([false, true, true]);
});
