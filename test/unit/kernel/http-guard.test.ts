import { describe, expect, test } from "bun:test";
import { refusalOf } from "../../../src/kernel/http-guard.ts";

const ours = { hosts: new Set(["lab.example", "other.example:81"]), origins: new Set(["https://page.example"]), localPages: false };

/** What becomes of a request under a host, from a page of an origin. */
function refusal(host: string, origin?: string, admitted = ours): string | null {
  return refusalOf(new Headers({ host, ...(origin === undefined ? {} : { origin }) }), admitted);
}

describe("who may ask a server of this machine", () => {
  test.each(["localhost", "LOCALHOST:8080", "a.localhost", "127.0.0.1:1", "127.9.9.9", "[::1]:80", "[::1]"])(
    "programs, under %s",
    (host) => {
      expect(refusal(host)).toBeNull();
    },
  );

  test.each(["", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "other.example"])(
    "not under %p, which may be a name that was made point here",
    (host) => {
      expect(refusal(host)).toBe("host");
    },
  );

  test.each(["lab.example", "lab.example:9", "Other.Example:81"])("under %s, which is allowed", (host) => {
    expect(refusal(host)).toBeNull();
  });

  test("its own pages, by host and port", () => {
    expect([refusal("localhost:80", "http://localhost:80"), refusal("localhost:80", "http://localhost:81")]).toEqual([null, "origin"]);
  });

  test("pages of an origin that is allowed, whatever its case", () => {
    expect([refusal("localhost", "https://Page.example"), refusal("localhost", "http://page.example")]).toEqual([null, "origin"]);
  });

  test.each(["null", "https://evil.example", "file://x", "http://localhost:80/path"])("no page of %s", (origin) => {
    expect(refusal("localhost:80", origin)).toBe("origin");
  });

  test("pages of other servers of this machine, where those may", () => {
    const local = { ...ours, localPages: true };
    expect(refusal("localhost:80", "http://127.0.0.1:81", local)).toBeNull();
    expect(refusal("localhost:80", "http://[::1]:81", local)).toBeNull();
    expect(refusal("localhost:80", "http://localhost.evil.example:81", local)).toBe("origin");
  });
});
