import { describe, expect, test } from "bun:test";
import { announcesBody, fits, saysClose, together } from "../../../src/http/framing.ts";

describe("head and body in one write", () => {
  test("are up to 64 KiB together", () => {
    const head = "x".repeat(36);
    expect([fits(head, new Uint8Array(65_500)), fits(head, new Uint8Array(65_501))]).toEqual([true, false]);
  });

  test("follow each other, whatever was written before", () => {
    together("a longer head", new Uint8Array([9, 9, 9, 9]));
    expect([...together("é", new Uint8Array([1, 2]))]).toEqual([0xe9, 1, 2]);
    expect([...together("ab", new Uint8Array())]).toEqual([97, 98]);
  });
});

describe("the end of a connection is announced", () => {
  test.each<[boolean, string, string]>([
    [true, "Connection", "close"],
    [true, "connection", "Keep-Alive, Close"],
    [true, "connection", "close,upgrade"],
    [false, "connection", "closed"],
    [false, "connection", "not-close"],
    [false, "x-connection", "close"],
  ])("%p by %s: %s", (said, name, value) => {
    expect(saysClose(["date", "x", name, value])).toBe(said);
    expect(saysClose([name, value, "date", "x"])).toBe(said);
  });

  test("by no field", () => expect(saysClose([])).toBe(false));
});

describe("a body that cannot be is announced", () => {
  test.each<[boolean, number, string, string]>([
    [true, 204, "Content-Length", "5"],
    [false, 204, "content-length", "0"],
    // The length that the body would have had.
    [false, 304, "content-length", "5"],
    [true, 304, "Transfer-Encoding", "chunked"],
    [true, 204, "transfer-encoding", "chunked"],
    [false, 204, "etag", "5"],
  ])("%p by a %d with %s: %s", (said, status, name, value) => {
    expect(announcesBody(status, ["date", "x", name, value])).toBe(said);
    expect(announcesBody(status, [name, value, "date", "x"])).toBe(said);
  });
});
