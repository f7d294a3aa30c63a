import { afterAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FetchTransport } from "../../src/http/fetch-transport.ts";
import { METHODS } from "../../src/http/method.ts";
import type { Content, Transport } from "../../src/http/transport.ts";
import { Transports } from "../../src/http/transports.ts";
import { asking } from "../support/asked.ts";
import { rounds } from "../support/campaign.ts";
import { ListeningServer, said } from "../support/listening-server.ts";
import { CERT } from "../support/tls.ts";

const opened: { close(): void }[] = [];
afterAll(() => {
  for (const one of opened) one.close();
});

function ownWire(): Transport {
  const wires = new Transports({ keepAlive: true, most: 10, tls: { ca: CERT } });
  opened.push(wires);
  return wires.forSlot()("http://h/");
}

const KINDS: readonly (readonly [kind: string, secure: boolean, make: () => Transport])[] = [
  ["sockets of its own", false, ownWire],
  ["sockets of its own, by TLS", true, ownWire],
  ["fetch", false, () => new FetchTransport(true, fetch)],
];

function contentOf(bytes: Uint8Array, type = "text/x"): Content {
  return { fields: [`Content-Type: ${type}`], bytes };
}

describe.each(KINDS)("what a request says: %s", (kind, secure, make) => {
  const serverOf = (answer: ConstructorParameters<typeof ListeningServer>[0]) => {
    const server = new ListeningServer(answer, secure);
    opened.push({ close: () => server.stop() });
    return server;
  };

  test.each(METHODS)("%s goes out as it is, with a length where it may have a body", async (method) => {
    const server = serverOf(({ method: asked }) => (asked === "HEAD" ? said(200, { "content-length": "2" }, "") : said(200)));
    const wire = make();
    for (const content of [null, contentOf(new TextEncoder().encode("größer"))]) {
      const mayHave = method !== "GET" && method !== "HEAD";
      if (!mayHave && content !== null) continue;
      const empty = { fields: [], bytes: new Uint8Array() };
      expect((await wire.send(asking(server.url(), { method, content: mayHave ? (content ?? empty) : null }), "1.1")).status).toBe(200);
      await wire.readBody(null);
      const { fields, body } = server.last;
      expect([server.last.method, body.toString()]).toEqual([method, content === null ? "" : "größer"]);
      expect(fields["content-length"]).toBe(mayHave ? String(content === null ? 0 : 8) : undefined);
      expect(fields["content-type"]).toBe(content === null ? undefined : "text/x");
    }
  });

  test("a body of any size and bytes arrives whole, over one connection, and leaves nothing to the next request", async () => {
    const size = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 64_000, max: 66_000 }), fc.integer({ min: 1e6, max: 4e6 }));
    const server = serverOf(() => said(200));
    const wire = make();
    await fc.assert(
      fc.asyncProperty(fc.array(size, { minLength: 1, maxLength: 3 }), fc.boolean(), async (sizes, shared) => {
        for (const [i, length] of sizes.entries()) {
          const bytes = shared ? new Uint8Array(new SharedArrayBuffer(length)) : new Uint8Array(length);
          for (let at = 0; at < length; at++) bytes[at] = (at * 7 + i) % 256;
          await wire.send(asking(server.url(`/${i}`), { method: "POST", content: contentOf(bytes) }), "1.1");
          await wire.readBody(null);
          expect([server.last.path, Buffer.compare(server.last.body, bytes)]).toEqual([`/${i}`, 0]);
          await wire.send(asking(server.url("/after")), "1.2");
          await wire.readBody(null);
          expect([server.last.method, server.last.path, server.last.body.length]).toEqual(["GET", "/after", 0]);
        }
      }),
      { numRuns: rounds(12) },
    );
    expect(new Set(server.heard.map(({ connection }) => connection)).size).toBe(1);
  });

  test.each([
    ["HEAD", "a length", "HTTP/1.1 200 X\r\ncontent-length: 70000\r\n\r\n"],
    ["HEAD", "chunks", "HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\n"],
    ["HEAD", "no length", "HTTP/1.1 200 X\r\n\r\n"],
    ["HEAD", "a packed body", "HTTP/1.1 200 X\r\ncontent-encoding: gzip\r\ncontent-length: 20\r\n\r\n"],
    ["POST", "204", "HTTP/1.1 204 X\r\n\r\n"],
    ["GET", "304", "HTTP/1.1 304 X\r\ncontent-length: 5\r\n\r\n"],
  ] as const)("%s with %s has no body, and its connection is used again", async (method, what, answer) => {
    const server = serverOf(() => answer);
    const wire = make();
    for (let i = 0; i < 3; i++) {
      const content = method === "POST" ? contentOf(new Uint8Array(3)) : null;
      await wire.send(asking(server.url(), { method, content }), "1.1");
      await wire.readBody(null);
      expect(wire.bytes).toBe(0);
    }
    // Bun's fetch takes that for an answer that ends with its connection.
    if (kind !== "fetch" || what !== "no length") expect(server.heard.map(({ connection }) => connection)).toEqual([0, 0, 0]);
  });

  test("an answer to HEAD that announces the end of its connection has it", async () => {
    const server = serverOf((_, socket) => {
      setTimeout(() => socket.end(), 1);
      return "HTTP/1.1 200 X\r\nConnection: x, Close\r\n\r\n";
    });
    const wire = make();
    for (let i = 0; i < 3; i++) {
      await wire.send(asking(server.url(), { method: "HEAD" }), "1.1");
      await wire.readBody(null);
    }
    expect(server.heard.map(({ connection }) => connection)).toEqual([0, 1, 2]);
  });

  test("fields of one request are in no other", async () => {
    const server = serverOf(() => said(200));
    const wire = make();
    for (const fields of [["X-Key: 1"], [], ["X-Key: 2", "X-Other: 3"]]) {
      await wire.send(asking(server.url(), { fields }), "1.1");
      await wire.readBody(null);
    }
    expect(server.heard.map(({ fields }) => [fields["x-key"], fields["x-other"]])).toEqual([
      ["1", undefined],
      [undefined, undefined],
      ["2", "3"],
    ]);
  });
});
