import { describe, expect, test } from "bun:test";
import { Cookies } from "../../../src/workloads/fetch/cookies.ts";
import { rig } from "../../support/fetch-rig.ts";

function sentTo(url: string, ...heard: readonly (readonly [from: string, ...lines: string[]])[]): string | null {
  const cookies = new Cookies();
  for (const [from, ...lines] of heard) cookies.setFrom(from, lines);
  return cookies.lineFor(url);
}

describe("a jar of cookies (RFC 6265)", () => {
  test.each([
    ["goes back to its host", "http://127.0.0.1/", "a=1", "http://127.0.0.1:8080/x", "Cookie: a=1"],
    ["is for its host alone", "http://example.org/", "a=1", "http://www.example.org/", null],
    ["or for its domain", "http://www.example.org/", "a=1; Domain=example.org", "http://example.org/", "Cookie: a=1"],
    ["of which the server is one", "http://example.org/", "a=1; Domain=example.com", "http://example.com/", null],
    ["and no public suffix", "http://example.org/", "a=1; Domain=org", "http://other.org/", null],
    ["is for what lies below its path", "http://localhost/", "a=1; Path=/x", "http://localhost/x/y", "Cookie: a=1"],
    ["and not beside it", "http://localhost/", "a=1; Path=/x", "http://localhost/xy", null],
    ["by default the folder it came from", "http://localhost/x/y", "a=1", "http://localhost/z", null],
    ["Secure goes by TLS alone", "https://127.0.0.1/", "a=1; Secure", "http://127.0.0.1/", null],
    ["by TLS it does", "https://127.0.0.1/", "a=1; Secure", "https://127.0.0.1/", "Cookie: a=1"],
    ["and is not to be had in the open", "http://127.0.0.1/", "a=1; Secure", "https://127.0.0.1/", null],
    ["is over at once", "http://127.0.0.1/", "a=1; Max-Age=0", "http://127.0.0.1/", null],
    ["or was before", "http://127.0.0.1/", "a=1; Expires=Wed, 01 Jan 2020 00:00:00 GMT", "http://127.0.0.1/", null],
    [
      "Max-Age beats Expires",
      "http://127.0.0.1/",
      "a=1; Max-Age=60; Expires=Wed, 01 Jan 2020 00:00:00 GMT",
      "http://127.0.0.1/",
      "Cookie: a=1",
    ],
    ["what is none is none", "http://127.0.0.1/", "nonsense", "http://127.0.0.1/", null],
    ["nor what is longer than any may be", "http://127.0.0.1/", `a=${"x".repeat(5000)}`, "http://127.0.0.1/", null],
  ])("%s", (_, from, line, to, expected) => {
    expect(sentTo(to, [from, line])).toBe(expected);
  });

  test("one takes the place of another of its name, and can be taken away", () => {
    expect(sentTo("http://h.test/", ["http://h.test/", "a=1"], ["http://h.test/", "a=2"])).toBe("Cookie: a=2");
    expect(sentTo("http://h.test/", ["http://h.test/", "a=1"], ["http://h.test/", "a=; Max-Age=0"])).toBeNull();
  });

  test("holds so many of a domain and in all, those that were set last", () => {
    const cookies = new Cookies();
    for (let i = 0; i < 200; i++) cookies.setFrom("http://h.test/", [`c${i}=1`]);
    const names: string[] = cookies.lineFor("http://h.test/")?.match(/c\d+/g) ?? [];
    expect([names.length, names.includes("c199"), names.includes("c150"), names.includes("c149")]).toEqual([50, true, true, false]);
    for (let i = 0; i < 3100; i++) cookies.setFrom(`http://h${i}.test/`, ["a=1"]);
    expect([cookies.lineFor("http://h.test/"), cookies.lineFor("http://h99.test/"), cookies.lineFor("http://h3099.test/")]).toEqual([
      null,
      null,
      "Cookie: a=1",
    ]);
  });

  test("is kept by the processor for all that it asks, redirects and retries among it, where the scenario says so", async () => {
    const answers = (n: number): number | [number, Record<string, string>] => {
      if (n === 1) return [302, { location: "/b", "set-cookie": "session=7; Path=/" }];
      return n === 2 ? 503 : 200;
    };
    const retry = { max: 1, baseDelay: "1ms", maxDelay: "1ms" };
    const heard = async (cookies: Cookies | null) => {
      const { time, asked, one } = rig({ retry, idempotencyKey: "X-Key" }, answers, {}, cookies);
      await time.run(one("http://127.0.0.1/a"));
      await time.run(one("http://127.0.0.1/c"));
      return asked.map(({ headers }) => headers["cookie"] ?? null);
    };
    expect(await heard(new Cookies())).toEqual([null, "session=7", "session=7", "session=7"]);
    expect(await heard(null)).toEqual([null, null, null, null]);
  });
});
