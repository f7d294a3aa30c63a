import { describe, expect, test } from "bun:test";
import { parseLine } from "../../../src/workloads/message/command/answers.ts";
import { Conversation, type Held } from "../../../src/workloads/message/command/conversation.ts";
import { environmentFor } from "../../../src/workloads/message/command/environment.ts";
import { LineSplitter } from "../../../src/workloads/message/command/lines.ts";
import { Outgoing } from "../../../src/workloads/message/command/outgoing.ts";
import { StandardError } from "../../../src/workloads/message/command/standard-error.ts";
import type { State } from "../../../src/workloads/message/state.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("lines of a program", () => {
  test("are the same however the pipe cuts them, inside a character too", () => {
    const text = '{"id":1}\n{"a":"ä€😀"}\r\n\n  \nlast\n';
    const all = bytes(text);
    for (let size = 1; size <= all.length; size++) {
      const lines: string[] = [];
      const reader = new LineSplitter(100);
      for (let at = 0; at < all.length; at += size) expect(reader.read(all.subarray(at, at + size), (line) => lines.push(line))).toBe(true);
      expect(lines.map((line) => line.trimEnd())).toEqual(['{"id":1}', '{"a":"ä€😀"}', "last"]);
    }
  });

  test("that are not UTF-8 are marked, and only those", () => {
    const heard: unknown[] = [];
    const all = Buffer.concat([bytes("a\n"), Uint8Array.of(0x63, 0xe9), bytes("\nb\n")]);
    new LineSplitter(100).read(all, (...line) => heard.push(line));
    new LineSplitter(100).read(bytes("\ufffd\n"), (...line) => heard.push(line));
    expect(heard).toEqual([
      ["a", false],
      ["c\ufffd", true],
      ["b", false],
      ["\ufffd", false],
    ]);
  });

  test("longer than allowed are refused, ended or not", () => {
    expect(new LineSplitter(10).read(bytes("x".repeat(11)), () => {})).toBe(false);
    const cut = new LineSplitter(10);
    expect(cut.read(bytes("x".repeat(9)), () => {})).toBe(true);
    expect(cut.read(bytes("xx\n"), () => {})).toBe(false);
  });
});

describe("a line that a program writes", () => {
  test("says that it is ready, or answers", () => {
    expect(parseLine('{"ready":true}')).toEqual({ kind: "ready", batch: false });
    expect(parseLine('{"ready":true,"batch":true}')).toEqual({ kind: "ready", batch: true });
    expect(parseLine('{"id":7}')).toEqual({ kind: "answers", answers: [{ id: 7, error: null, set: null }] });
    expect(parseLine('{"id":7,"error":"why","set":{"a":1}}')).toMatchObject({ answers: [{ id: 7, error: "why", set: null }] });
    expect(parseLine('[{"id":7,"set":{"a":[1]}},{"id":8}]')).toMatchObject({ answers: [{ set: { a: [1] } }, { id: 8 }] });
  });

  test.each([
    ["hello", "not JSON"],
    ["null", "it is no object"],
    ["{}", "its id is no whole number"],
    ['{"id":1.5}', "its id is no whole number"],
    ['{"id":1,"set":[1]}', "its set is no object"],
    ['{"id":1,"set":{"__proto__":1}}', "a key that a state cannot have"],
    ['{"id":1,"set":{"a":1e999}}', "a number beyond 1.8e308"],
    ['{"id":1,"set":{"a":9007199254740993}}', "not kept exactly"],
  ])("%s is no answer: %s", (line, what) => {
    const parsed = parseLine(line);
    expect(parsed.kind === "fault" ? parsed.what : parsed.kind).toContain(what);
  });
});

/** A conversation with what was written, and how each message ended. */
function talk(withState = false, sentBefore = 0) {
  const written: string[] = [];
  const ends: string[] = [];
  const conversation = new Conversation((line) => written.push(line), withState, sentBefore);
  const held = (state: State = new Map(), name = "worker-1"): Held => ({
    state,
    message: { worker_id: name, payload: [{ op: "set", key: "a", value: 1 }], timestamp: 0.5 },
    ended: (why) => ends.push(why ?? "done"),
  });
  return { conversation, written, ends, held };
}

describe("the conversation with a program", () => {
  test("writes a message as one line of JSON, with the state where it is asked for", () => {
    const { conversation, written, held } = talk(true, 6);
    conversation.send(held(new Map([["b", 2]])), 0);
    expect(JSON.parse(written[0] ?? "")).toEqual({
      id: 7,
      worker_id: "worker-1",
      payload: [{ op: "set", key: "a", value: 1 }],
      timestamp: 0.5,
      state: { b: 2 },
    });
    expect(written[0]?.indexOf("\n")).toBe((written[0]?.length ?? 0) - 1);
  });

  test("takes answers in any order; a set is applied whole, an error leaves the state as it was", () => {
    const { conversation, ends, held } = talk();
    const states: State[] = [new Map(), new Map(), new Map()];
    for (const state of states) conversation.send(held(state), 0);
    expect(conversation.hear('{"id":3,"set":{"x":1,"y":null}}', 1)).toBeNull();
    expect(conversation.hear('{"id":1,"error":"no","set":{"x":1}}', 1)).toBeNull();
    expect(conversation.hear('{"id":2}', 1)).toBeNull();
    expect(ends).toEqual(["done", "no", "done"]);
    expect(states.map((state) => Object.fromEntries(state))).toEqual([{}, {}, { x: 1, y: null }]);
  });

  test("names an answer given twice, one to a message of an earlier start, and one to no message", () => {
    const { conversation, held } = talk(false, 4);
    conversation.send(held(), 0);
    expect(conversation.hear('{"id":5}', 1)).toBeNull();
    expect(conversation.hear('{"id":5}', 1)).toBe("answered message 5 twice");
    expect(conversation.hear('{"id":4}', 1)).toBe("answered message 4, which it was never sent");
    expect(conversation.hear('{"id":6}', 1)).toBe("answered message 6, which it was never sent");
  });

  test("takes several answers in a line only where the program has said so first", () => {
    const plain = talk();
    for (let i = 0; i < 2; i++) plain.conversation.send(plain.held(), 0);
    expect(plain.conversation.hear('[{"id":1},{"id":2}]', 1)).toContain('"batch":true');
    const batch = talk();
    expect(batch.conversation.hear('{"ready":true,"batch":true}', 0)).toBeNull();
    for (let i = 0; i < 2; i++) batch.conversation.send(batch.held(), 0);
    expect(batch.conversation.hear('[{"id":2},{"id":1,"error":"x"}]', 1)).toBeNull();
    expect(batch.ends).toEqual(["done", "x"]);
    expect(batch.conversation.hear('{"ready":true}', 1)).toContain("not in its first line");
  });

  test("counts silence from the first message held, and anew from each answer", () => {
    const { conversation, held } = talk();
    expect(conversation.isSilent(1e6, 100)).toBe(false);
    conversation.send(held(), 1000);
    conversation.send(held(), 1090);
    expect(conversation.isSilent(1100, 100)).toBe(false);
    expect(conversation.isSilent(1101, 100)).toBe(true);
    conversation.hear('{"id":2}', 1101);
    expect(conversation.isSilent(1201, 100)).toBe(false);
    conversation.hear('{"id":1}', 1201);
    expect(conversation.isSilent(5000, 100)).toBe(false);
  });

  test("fails what is held, each once", () => {
    const { conversation, ends, held } = talk();
    for (let i = 0; i < 3; i++) conversation.send(held(), 0);
    conversation.hear('{"id":2}', 0);
    conversation.failAll("it ended");
    conversation.failAll("again");
    expect(ends).toEqual(["done", "it ended", "it ended"]);
  });
});

describe("lines to a program", () => {
  test("of one turn go out together, and the rest waits while the pipe is full", async () => {
    const written: string[] = [];
    let drain = () => {};
    const pipe = {
      write: (text: string) => written.push(text),
      flush: () => new Promise<void>((resolve) => (drain = resolve)),
    };
    const outgoing = new Outgoing(pipe);
    outgoing.write("a\n");
    outgoing.write("b\n");
    await null;
    expect(written).toEqual(["a\nb\n"]);
    outgoing.write("c\n");
    outgoing.write("d\n");
    await Bun.sleep(0);
    expect(written).toHaveLength(1);
    drain();
    await Bun.sleep(0);
    expect(written).toEqual(["a\nb\n", "c\nd\n"]);
  });

  test("are dropped once the pipe is broken, and nothing is thrown", async () => {
    const outgoing = new Outgoing({ write: () => Promise.reject(new Error("EPIPE")), flush: () => Promise.reject(new Error("EPIPE")) });
    outgoing.write("a\n");
    await Bun.sleep(0);
    outgoing.write("b\n");
    await Bun.sleep(0);
  });
});

describe("standard error", () => {
  test("keeps the first 100 lines, and the last, in bounded memory", () => {
    const errors = new StandardError();
    for (let i = 1; i <= 1000; i++) errors.read(bytes(`line ${i}\n`));
    errors.read(bytes("\u001b[31mthe end"));
    errors.read(bytes("x".repeat(100_000)));
    errors.end();
    expect(errors.lines).toHaveLength(100);
    expect(errors.lines.at(-1)).toBe("line 100");
    expect(errors.told).toStartWith(": \\x1b[31mthe endxxx");
    expect(errors.last.length).toBeLessThanOrEqual(4096);
  });
});

describe("the environment of a program", () => {
  test("is ours without secrets and without the lab's own", () => {
    const kept = { PATH: "/bin", HOME: "/root", LANG: "C", PYTHONPATH: "/x", KEYBOARD: "us", PWD: "/" };
    const secrets = {
      GITHUB_TOKEN: "t",
      API_KEY: "k",
      DB_PASSWORD: "p",
      AWS_SECRET_ACCESS_KEY: "s",
      REDIS_URL: "redis://:pw@host",
      URL2: "https://u:p@h",
    };
    expect(environmentFor({ ...kept, ...secrets, LAB_TUI_REHEARSAL: "1", NODE_CHANNEL_FD: "3", GONE: undefined })).toEqual(kept);
  });
});
