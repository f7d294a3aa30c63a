import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { FetchTransport } from "../../src/http/fetch-transport.ts";
import type { HttpRequest, Transport } from "../../src/http/transport.ts";
import { Transports } from "../../src/http/transports.ts";
import { fetchSchema } from "../../src/scenario/fetch-schema.ts";
import { AnswerExpectation } from "../../src/workloads/fetch/expected.ts";
import { type Answer, RequestSlot } from "../../src/workloads/fetch/request-slot.ts";
import { Saver } from "../../src/workloads/fetch/save.ts";
import { asking } from "../support/asked.ts";
import { rounds } from "../support/campaign.ts";
import { temporaryFolder } from "../support/cli.ts";

const opened: { close(): void }[] = [];
afterAll(() => {
  for (const one of opened) one.close();
});

interface Connected {
  readonly number: number;
  closed: boolean;
}

/** Says the pieces of an answer, one after another, to whoever asks. */
function serve(pieces: (head: string) => readonly (string | Uint8Array)[]) {
  const connections: Connected[] = [];
  const listener = Bun.listen<Connected>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.data = { number: connections.length, closed: false };
        connections.push(socket.data);
      },
      async data(socket, bytes) {
        for (const piece of pieces(bytes.toString())) {
          let left = Buffer.from(piece);
          while (left.length > 0 && !socket.data.closed) {
            left = left.subarray(Math.max(0, socket.write(left)));
            await new Promise((resolve) => setImmediate(resolve));
          }
        }
      },
      close(socket) {
        socket.data.closed = true;
      },
      error() {},
    },
  });
  opened.push({ close: () => listener.stop(true) });
  return { url: `http://127.0.0.1:${listener.port}/`, connections };
}

const KINDS: Readonly<Record<string, (longest: number | undefined) => Transport>> = {
  "sockets of its own": (longest) => {
    const wires = new Transports({ keepAlive: true, most: 4, looks: true, longest });
    opened.push(wires);
    return wires.forSlot()("http://h/");
  },
  fetch: (longest) => new FetchTransport(true, fetch, { longest }),
};

function expectationsOf(expected: object) {
  const settings = fetchSchema.parse({ expect: expected }).expect;
  if (settings === undefined) throw new Error("unreachable");
  return settings;
}

describe.each(Object.entries(KINDS))("what an answer is expected to be: %s", (_, make) => {
  const lineFor = (expected: object, saver: Saver | null = null) => {
    const settings = expectationsOf(expected);
    const wire = make(settings.maxBytes);
    const line = new RequestSlot(() => wire, saver, new AnswerExpectation(settings));
    line.owner = "somebody";
    return line;
  };
  const asked = (expected: object, said: readonly (string | Uint8Array)[], otherwise: Partial<HttpRequest> = {}): Promise<Answer> =>
    lineFor(expected).send(asking(serve(() => said).url, otherwise), "1");

  test.each([
    [200, 200, true, null],
    [[200, "300-304"], 304, true, null],
    ["4xx", 404, true, null],
    ["2xx", 404, false, "expect.status"],
    [404, 200, false, "expect.status"],
    [503, 503, true, null],
    [302, 302, true, null],
  ] as const)("a status of %j where %d comes", async (status, came, ok, unmet) => {
    const length = came === 304 ? "" : "content-length: 0\r\n";
    expect(await asked({ status }, [`HTTP/1.1 ${came} X\r\n${length}location: /on\r\n\r\n`])).toMatchObject({
      status: came,
      ok,
      unmet,
      error: null,
      location: null,
    });
  });

  test("a redirect that nobody expects is followed, whatever else is expected of what it leads to", async () => {
    const said = "HTTP/1.1 302 X\r\nlocation: /on\r\ncontent-length: 0\r\n\r\n";
    expect(await asked({ status: 200, bodyContains: "x" }, [said])).toMatchObject({ ok: false, unmet: null, location: "/on" });
  });

  test("without a word on statuses 404 is what it always is", async () => {
    expect(await asked({ bodyContains: "x" }, ["HTTP/1.1 404 X\r\ncontent-length: 1\r\n\r\nx"])).toMatchObject({
      ok: false,
      unmet: null,
      error: null,
    });
  });

  test("header fields hold what they are to hold", async () => {
    const said = ["HTTP/1.1 200 X\r\nContent-Type: image/png; x=y\r\ncontent-length: 0\r\n\r\n"];
    expect(await asked({ header: { "content-TYPE": "image/png" } }, said)).toMatchObject({ ok: true, unmet: null });
    expect(await asked({ header: { "Content-Type": "image/jpeg" } }, said)).toMatchObject({
      status: 200,
      ok: false,
      unmet: "expect.header",
    });
    expect(await asked({ header: { etag: "" } }, said)).toMatchObject({ ok: false, unmet: "expect.header" });
  });

  test("a text is found wherever it stands and however it is cut, packed or not, and not where it is not", async () => {
    const filler = fc.stringMatching(/^[abn]{0,60}$/);
    await fc.assert(
      fc.asyncProperty(
        filler,
        filler,
        fc.constantFrom("nana", "nan\u00e4", "n"),
        fc.boolean(),
        fc.boolean(),
        fc.array(fc.nat(), { maxLength: 5 }),
        async (before, after, needle, there, packed, cuts) => {
          const text = there ? `${before}${needle}${after}` : `${before}${after}`;
          const body = packed ? gzipSync(text) : Buffer.from(text);
          const head = `HTTP/1.1 200 X\r\n${packed ? "content-encoding: gzip\r\n" : ""}content-length: ${body.length}\r\n\r\n`;
          const places = [0, ...cuts.map((cut) => cut % (body.length + 1)).sort((a, b) => a - b), body.length];
          const pieces = places.slice(1).map((to, i) => body.subarray(places[i], to));
          const answer = await asked({ bodyContains: needle }, [head, ...pieces]);
          expect([answer.ok, answer.unmet, answer.bytes]).toEqual(
            text.includes(needle) ? [true, null, body.length] : [false, "expect.body", body.length],
          );
        },
      ),
      { numRuns: rounds(40) },
    );
  });

  test.each([
    ["by its length, before any of it", "content-length: 10000001\r\n\r\n", ["x".repeat(100)]],
    ["in chunks without end", "transfer-encoding: chunked\r\n\r\n", Array<string>(400).fill(`2710\r\n${"x".repeat(10_000)}\r\n`)],
    ["up to its connection's end", "connection: close\r\n\r\n", Array<string>(400).fill("x".repeat(10_000))],
  ])("a body that is too long is read no further, and its connection is closed: %s", async (_, head, body) => {
    const server = serve(() => [`HTTP/1.1 200 X\r\n${head}`, ...body]);
    const answer = await lineFor({ maxBytes: "1MB" }).send(asking(server.url), "1");
    expect(answer).toMatchObject({ status: 200, error: null, ok: false, unmet: "expect.bytes" });
    expect(answer.bytes).toBeLessThan(3_000_000);
    while (server.connections[0]?.closed !== true) await Bun.sleep(1);
  });

  test("a body is as long as it may be, and HEAD tells of a longer one", async () => {
    const said = `HTTP/1.1 200 X\r\ncontent-length: 1000\r\n\r\n${"x".repeat(1000)}`;
    expect(await asked({ maxBytes: "1000B" }, [said])).toMatchObject({ ok: true, bytes: 1000 });
    expect(await asked({ maxBytes: "999B" }, [said])).toMatchObject({ ok: false, unmet: "expect.bytes" });
    expect(await asked({ maxBytes: "999B" }, ["HTTP/1.1 200 X\r\ncontent-length: 1000\r\n\r\n"], { method: "HEAD" })).toMatchObject({
      ok: true,
      bytes: 0,
    });
  });

  test("what unfolds into too much is too much, and no part of it is kept", async () => {
    const folder = join(temporaryFolder(), "kept");
    const body = gzipSync(Buffer.alloc(5_000_000));
    const server = serve(() => [`HTTP/1.1 200 X\r\ncontent-encoding: gzip\r\ncontent-length: ${body.length}\r\n\r\n`, body]);
    const line = lineFor({ maxBytes: "1MB" }, new Saver(folder, 0));
    expect(await line.send(asking(server.url), "1")).toMatchObject({ ok: false, unmet: "expect.bytes", error: null });
    expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([]);
  });

  test("what has not changed since it was saved is as expected, whatever that was", async () => {
    const said = ["HTTP/1.1 304 X\r\netag: a\r\n\r\n"];
    expect(await asked({ status: 200, bodyContains: "x" }, said, { conditional: true })).toMatchObject({
      status: 304,
      ok: true,
      unmet: null,
    });
    expect(await asked({ status: 200 }, said)).toMatchObject({ status: 304, ok: false, unmet: "expect.status" });
  });

  test("one that fails says nothing of the next over the same connection", async () => {
    let n = 0;
    const server = serve(() => [`HTTP/1.1 200 X\r\ncontent-length: 2\r\n\r\n${n++ % 2 === 0 ? "no" : "ok"}`]);
    const line = lineFor({ bodyContains: "ok" });
    const unmet: unknown[] = [];
    for (let i = 0; i < 4; i++) unmet.push((await line.send(asking(server.url), String(i))).unmet);
    expect([unmet, server.connections.length]).toEqual([["expect.body", null, "expect.body", null], 1]);
  });
});
