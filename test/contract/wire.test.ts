import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import type { Socket } from "bun";
import fc from "fast-check";
import { FetchTransport } from "../../src/http/fetch-transport.ts";
import type { ResponseHead, Transport } from "../../src/http/transport.ts";
import { SHORT_BODY, StaleConnection } from "../../src/http/transport.ts";
import { Transports } from "../../src/http/transports.ts";
import { VERSION } from "../../src/kernel/version.ts";
import { nameOf } from "../../src/workloads/fetch/failure-name.ts";
import { fieldLines } from "../../src/workloads/fetch/header-fields.ts";
import { fileNameOf, Saver } from "../../src/workloads/fetch/save.ts";
import { asking } from "../support/asked.ts";
import { rounds } from "../support/campaign.ts";
import { temporaryFolder } from "../support/cli.ts";
import { CERT, KEY } from "../support/tls.ts";

interface Heard {
  /** Of each connection: what was asked on it so far. */
  readonly asked: string[];
  closed: boolean;
}

/** A server that says exactly what a test has it say, in the pieces it is given. */
class Script {
  readonly connections: Heard[] = [];
  private readonly listener;

  constructor(
    answer: (socket: Socket<Heard>, request: string, ordinal: number) => void,
    private readonly secure = false,
  ) {
    const { connections } = this;
    let ordinal = 0;
    this.listener = Bun.listen<Heard>({
      hostname: "127.0.0.1",
      port: 0,
      ...(secure ? { tls: { cert: CERT, key: KEY } } : {}),
      socket: {
        open(socket) {
          socket.data = { asked: [], closed: false };
          connections.push(socket.data);
        },
        data(socket, bytes) {
          const { asked } = socket.data;
          const text = bytes.toString("latin1");
          if (asked.length === 0 || asked.at(-1)?.endsWith("\r\n\r\n")) asked.push(text);
          else asked[asked.length - 1] += text;
          const request = asked.at(-1) ?? "";
          if (request.endsWith("\r\n\r\n")) answer(socket, request, ordinal++);
        },
        close(socket) {
          socket.data.closed = true;
        },
        error() {},
      },
    });
  }

  url(path = "/"): string {
    return `${this.secure ? "https" : "http"}://127.0.0.1:${this.listener.port}${path}`;
  }

  async closed(count: number): Promise<void> {
    while (this.connections.filter(({ closed }) => closed).length < count) await Bun.sleep(1);
  }

  stop(): void {
    this.listener.stop(true);
  }
}

const scripts: Script[] = [];
const opened: Transports[] = [];
afterAll(() => {
  for (const script of scripts) script.stop();
  for (const wires of opened) wires.close();
});

function scriptOf(answer: ConstructorParameters<typeof Script>[0] | string, secure = false): Script {
  const made = new Script(typeof answer === "string" ? (socket) => void socket.write(answer) : answer, secure);
  scripts.push(made);
  return made;
}

function ownWire(keepAlive: boolean, saves = false): Transport {
  const wires = new Transports({ keepAlive, most: 10, looks: saves, tls: { ca: CERT } });
  opened.push(wires);
  return wires.forSlot()("http://h/");
}

interface Kind {
  readonly secure: boolean;
  make(keepAlive: boolean, saves?: boolean): Transport;
}

const KINDS: Readonly<Record<string, Kind>> = {
  "sockets of its own": { secure: false, make: ownWire },
  "sockets of its own, by TLS": { secure: true, make: ownWire },
  fetch: { secure: false, make: (keepAlive) => new FetchTransport(keepAlive, fetch) },
};

/**
 * One request to its end: its status, or what it failed of, and the bytes of its body. Asked anew, once, where a kept connection was over
 * before a byte of the answer, as whoever keeps the ledger does.
 */
async function ask(wire: Transport, url: string, id = "1.1"): Promise<[number | string, number]> {
  try {
    const { status } = await sent(wire, url, id);
    await wire.readBody(null);
    return [status, wire.bytes];
  } catch (error) {
    return [nameOf(error), wire.bytes];
  }
}

async function sent(wire: Transport, url: string, id = "1.1"): Promise<ResponseHead> {
  try {
    return await wire.send(asking(url), id);
  } catch (error) {
    if (error instanceof StaleConnection) return wire.send(asking(url), id, true);
    throw error;
  }
}

const folder = temporaryFolder();
const HELLO = Buffer.from("hello ".repeat(1000));
const TEXT = HELLO.toString();
/** A name, its codings (`|`: in fields of their own), the body, and what it is unpacked; 0: its coding is unknown, 1: it is broken. */
const PACKED: readonly (readonly [name: string, coding: string, packed: Buffer, plain: string | 0 | 1])[] = [
  ["not at all", "identity", HELLO, TEXT],
  ["gzip", "GZIP", gzipSync(HELLO), TEXT],
  ["x-gzip", "x-gzip", gzipSync(HELLO), TEXT],
  ["deflate as zlib", "deflate", deflateSync(HELLO), TEXT],
  ["deflate, bare", "deflate", deflateRawSync(HELLO), TEXT],
  ["brotli", "br", brotliCompressSync(HELLO), TEXT],
  ["zstd", "zstd", Buffer.from(Bun.zstdCompressSync(HELLO)), TEXT],
  ["several members", "gzip", Buffer.concat([gzipSync(HELLO), gzipSync("world")]), `${TEXT}world`],
  ["one in the other", "deflate, gzip", gzipSync(deflateSync(HELLO)), TEXT],
  ["one in the other, in fields of their own", "br|identity|gzip", gzipSync(brotliCompressSync(HELLO)), TEXT],
  ...["gzip", "deflate", "br", "zstd"].map((coding) => [`${coding} of nothing`, coding, Buffer.alloc(0), ""] as const),
  ["an unknown coding", "compress", HELLO, 0],
  ["an unknown one within", "foo, gzip", gzipSync(HELLO), 0],
  ["more than anybody means", "gzip, gzip, gzip, gzip, gzip, gzip", HELLO, 0],
  ["gzip that is none", "gzip", HELLO, 1],
  ["gzip that is cut", "gzip", gzipSync(HELLO).subarray(0, 30), 1],
  ["brotli that is cut", "br", brotliCompressSync(HELLO).subarray(0, 10), 1],
  ["zstd that is cut", "zstd", Buffer.from(Bun.zstdCompressSync(HELLO)).subarray(0, 12), 1],
];

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

for (const [kind, { secure, make }] of Object.entries(KINDS)) {
  describe(`T-1 a wire: ${kind}`, () => {
    const scheme = secure ? "https" : "http";
    const script = (answer: Parameters<typeof scriptOf>[0]) => scriptOf(answer, secure);

    test("any answer, however it is cut into pieces, is counted whole, and its connection used again where it may be", async () => {
      const body = fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 60_000, max: 200_000 }));
      const frame = fc.constantFrom("length", "chunks", "end");
      const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 });
      await fc.assert(
        fc.asyncProperty(body, frame, cuts, fc.integer({ min: 0, max: 80 }), fc.boolean(), async (size, framing, places, more, interim) => {
          const filler = Array.from({ length: more }, (_, i) => `x-${i}: ${"v".repeat(i)}\r\n`).join("");
          const data = "b".repeat(size);
          const third = Math.ceil(size / 3);
          const chunks = [data.slice(0, third), data.slice(third)].filter((part) => part !== "");
          const chunked = `${chunks.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join("")}0\r\n\r\n`;
          const heads = {
            length: `content-length: ${size}\r\n\r\n${data}`,
            chunks: `transfer-encoding: chunked\r\n\r\n${chunked}`,
            end: `connection: close\r\n\r\n${data}`,
          };
          const early = interim ? "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" : "";
          const text = `${early}HTTP/1.1 200 OK\r\nX-Said: yes\r\n${filler}${heads[framing as keyof typeof heads]}`;
          const at = [0, ...places.map((place) => Math.floor(place * text.length)).sort((a, b) => a - b), text.length];
          const pieces = at.slice(1).map((to, i) => text.slice(at[i], to));
          const server = script(async (socket) => {
            for (const piece of pieces) {
              for (let sent = 0; sent < piece.length; ) {
                sent += Math.max(0, socket.write(piece.slice(sent)));
                await new Promise((resolve) => setImmediate(resolve));
              }
            }
            if (framing === "end") socket.end();
          });
          const wire = make(true);
          for (let i = 0; i < 2; i++) {
            const head = await wire.send(asking(server.url()), "1.1");
            expect([head.status, head.field("x-said"), head.field("x-not")]).toEqual([200, "yes", null]);
            await wire.readBody(null);
            expect(wire.bytes).toBe(size);
          }
          expect(server.connections.length).toBe(framing === "end" ? 2 : 1);
          server.stop();
        }),
        { numRuns: rounds(25) },
      );
    });

    test("says what it is to say", async () => {
      const server = script(OK);
      const { host } = new URL(server.url());
      const url = `${scheme}://us%20er:pa:ss@${host}/a b/../é?q=ü#fragment`;
      expect(await ask(make(true), url, "run-7.2")).toEqual([200, 2]);
      const [first, ...fields] = server.connections[0]?.asked[0]?.trimEnd().split("\r\n") ?? [];
      expect(first).toBe("GET /%C3%A9?q=%C3%BC HTTP/1.1");
      expect(fields.map((field) => field.toLowerCase()).sort()).toEqual([
        "accept-encoding: gzip, deflate, br, zstd",
        "accept: */*",
        `authorization: basic ${Buffer.from("us er:pa:ss").toString("base64").toLowerCase()}`,
        "connection: keep-alive",
        `host: ${host}`,
        `user-agent: lab-tui/${VERSION}`,
        "x-correlation-id: run-7.2",
      ]);
    });

    test("says what a scenario has it say, and no secret to who was not meant", async () => {
      const server = script(OK);
      const env = { TOKEN: "s3cret\r\nX-Evil: yes" };
      const headers = { "Accept-Encoding": "gzip", Authorization: "Bearer literal", "X-Key": `key $\{TOKEN}`, "user-agent": "me" };
      const lines = fieldLines({ headers, auth: undefined }, env);
      const wires = new Transports({ keepAlive: true, most: 2, tls: { ca: CERT }, lines });
      opened.push(wires);
      const wire = kind === "fetch" ? new FetchTransport(true, fetch, { lines }) : wires.forSlot()("http://h/");
      for (const foreign of [false, true, false]) {
        await wire.send(asking(server.url(), { foreign }), "1.1");
        await wire.readBody(null);
        const said =
          server.connections
            .flatMap(({ asked }) => asked)
            .at(-1)
            ?.toLowerCase() ?? "";
        expect(said.split("\r\n")).toContain("accept-encoding: gzip");
        expect([said.includes("user-agent: me"), said.includes("lab-tui"), said.includes("\nx-evil")]).toEqual([true, false, false]);
        expect([said.includes("authorization: bearer literal"), said.includes("x-key: key s3cret")]).toEqual([!foreign, !foreign]);
      }
    });

    test("a request longer than a socket takes at once arrives whole", async () => {
      const server = script(OK);
      const path = `/${"p".repeat(3_000_000)}`;
      const wire = make(true);
      for (let i = 0; i < 2; i++) expect(await ask(wire, server.url(path))).toEqual([200, 2]);
      for (const request of server.connections.flatMap(({ asked }) => asked)) expect(request).toStartWith(`GET ${path} HTTP/1.1\r\n`);
    });

    test.each([100, 65_000, 70_000, 3_000_000])("a body of %d bytes arrives whole, on a new connection and on a kept one", async (size) => {
      const server = script((socket) => {
        if (socket.data.asked.join("").endsWith("the end\r\n\r\n")) socket.write(OK);
      });
      const wire = make(true);
      const bytes = Buffer.from(`${"b".repeat(size)}the end\r\n\r\n`);
      for (let i = 0; i < 2; i++) {
        const { status } = await wire.send(asking(server.url(), { method: "POST", content: { bytes, fields: [] } }), "1.1");
        await wire.readBody(null);
        expect(status).toBe(200);
      }
      const heard = server.connections.map(({ asked }) => asked.join("")).join("");
      expect(heard.split("b".repeat(size))).toHaveLength(3);
    });

    test("not kept alive, each request has a connection of its own", async () => {
      const server = script(OK);
      const wire = make(false);
      for (let i = 0; i < 3; i++) expect(await ask(wire, server.url())).toEqual([200, 2]);
      expect(server.connections.map(({ asked }) => asked.length)).toEqual([1, 1, 1]);
      expect(server.connections[0]?.asked[0]?.toLowerCase()).toContain("connection: close");
    });

    test("a connection that the server ended meanwhile is not used again", async () => {
      const server = script((socket) => {
        socket.write(OK);
        socket.end();
      });
      const wire = make(true);
      for (let i = 0; i < 3; i++) {
        expect(await ask(wire, server.url())).toEqual([200, 2]);
        await server.closed(i + 1);
        await Bun.sleep(5);
      }
    });

    test("nor one that it ends with its answer, without a word: nothing is lost by it", async () => {
      const server = script((socket, request) => {
        socket.write(request.includes("/moved") ? "HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n" : OK);
        socket.end();
      });
      const wire = make(true);
      for (let i = 0; i < 50; i++) expect(await ask(wire, server.url(`/${i}`))).toEqual([200, 2]);
      const asked = server.connections.flatMap((connection) => connection.asked);
      expect([...new Set(asked.map((request) => request.split(" ")[1]))]).toEqual(Array.from({ length: 50 }, (_, i) => `/${i}`));
      // Bun's server ends its own side of TLS first, and hears what it can answer no more.
      if (!secure) expect(asked.length).toBe(50);
      for (let i = 0; i < 20; i++) {
        expect((await sent(wire, server.url("/moved"))).status).toBe(302);
        await wire.discardBody();
        expect(await ask(wire, server.url())).toEqual([200, 2]);
      }
    });

    test("an address that is odd is asked for as it is", async () => {
      const server = script(OK);
      const { host } = new URL(server.url());
      for (const [url, target] of [
        [`${scheme}://us%zzer@${host}/?`, "/?"],
        [`${scheme}://${host}/a?#b?`, "/a?"],
        [`${scheme}://${host}?q=%0d%0aX:%20y`, "/?q=%0d%0aX:%20y"],
      ] as const) {
        expect(await ask(make(true), url)).toEqual([200, 2]);
        expect(server.connections.flatMap(({ asked }) => asked).at(-1)).toStartWith(`GET ${target} HTTP/1.1\r\n`);
      }
    });

    test.each(PACKED)("a body that comes packed is kept unpacked: %s", async (_, coding, packed, plain) => {
      const server = script((socket) => {
        const lines = coding.split("|").map((one) => `Content-Encoding: ${one}\r\n`);
        socket.write(Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${lines.join("")}content-length: ${packed.length}\r\n\r\n`), packed]));
      });
      const wire = make(true, true);
      const saver = new Saver(join(folder, kind), 0);
      for (let i = 0; i < 2; i++) {
        const saved = saver.begin(server.url("/body"));
        const end = await wire
          .send(asking(server.url("/body")), "1.1")
          .then(() => wire.readBody(saved))
          .then(() => "kept", nameOf);
        if (typeof plain === "number") {
          expect(end).toBe(plain === 0 ? "unknown encoding" : "invalid encoding");
          saved.discard();
          wire.abort();
          continue;
        }
        expect([end, wire.bytes]).toEqual(["kept", packed.length]);
        saved.commit();
        expect(readFileSync(join(folder, kind, fileNameOf(server.url("/body"))), "utf8")).toBe(plain);
      }
      if (typeof plain === "string") expect(server.connections.length).toBe(1);
    });

    test("a large body that unfolds slowly comes whole through a sender that is made to wait", async () => {
      const plain = Buffer.from(Array.from({ length: 6_000_000 }, (_, i) => (i * 7919) % 251));
      const packed = gzipSync(plain, { level: 1 });
      const server = script((socket) => {
        let left = Buffer.concat([
          Buffer.from(`HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${packed.length}\r\n\r\n`),
          packed,
        ]);
        const pour = () => {
          left = left.subarray(Math.max(0, socket.write(left)));
          if (left.length > 0 && !socket.data.closed) setTimeout(pour, 1);
        };
        pour();
      });
      const wire = make(true, true);
      const saved = new Saver(join(folder, `${kind}-large`), 0).begin(server.url());
      await wire.send(asking(server.url()), "1.1");
      await wire.readBody(saved);
      saved.commit();
      expect(readFileSync(join(folder, `${kind}-large`, fileNameOf(server.url()))).equals(plain)).toBe(true);
      expect(wire.bytes).toBe(packed.length);
    });

    test("a body nobody wants is read where it is short, and not where it is long or has no length", async () => {
      const server = script((socket, _, ordinal) => {
        if (ordinal < 2) socket.write("HTTP/1.1 404 No\r\ncontent-length: 3\r\n\r\nabc");
        else
          socket.write(`HTTP/1.1 404 No\r\n${ordinal === 2 ? `content-length: ${SHORT_BODY + 1}` : "transfer-encoding: chunked"}\r\n\r\n`);
      });
      const wire = make(true);
      for (let i = 0; i < 4; i++) {
        expect((await wire.send(asking(server.url()), "1.1")).status).toBe(404);
        await wire.discardBody();
        expect(wire.bytes).toBe(i < 2 ? 3 : 0);
      }
      expect(server.connections.map(({ asked }) => asked.length)).toEqual([3, 1]);
      await server.closed(1);
    });

    test("broken off before the head or within the body, who waits hears of it and the server sees it", async () => {
      const server = script((socket, request) => {
        if (request.includes("/body")) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nsome");
      });
      const wire = make(true);
      for (const [i, path] of ["/silence", "/body", "/silence"].entries()) {
        const going = ask(wire, server.url(path));
        while ((server.connections[i]?.asked.length ?? 0) === 0) await Bun.sleep(1);
        if (path === "/body") while (wire.bytes === 0 && kind !== "fetch") await Bun.sleep(1);
        await Bun.sleep(5);
        wire.abort();
        expect(typeof (await going)[0]).toBe("string");
        await server.closed(i + 1);
      }
      // At once, before there is a connection.
      const early = ask(wire, server.url("/silence"));
      wire.abort();
      expect(typeof (await early)[0]).toBe("string");
    });

    test.each([
      ["a length that is none", "HTTP/1.1 200 OK\r\ncontent-length: abc\r\n\r\n", "invalid response"],
      ["chunks that are none", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nZZZ\r\nhello\r\n", "invalid response"],
      ["a flood of headers", `HTTP/1.1 200 OK\r\nx-flood: ${"0123456789".repeat(400_000)}`, "headers too large"],
    ])("%s is an error with a name", async (_, said, name) => {
      const server = script((socket) => {
        let left = Buffer.from(said);
        const pour = () => {
          left = left.subarray(Math.max(0, socket.write(left)));
          if (left.length > 0 && !socket.data.closed) setTimeout(pour, 1);
        };
        pour();
      });
      expect((await ask(make(true), server.url()))[0]).toBe(name);
    });

    test("an answer that is cut, or never begins, is a closed connection; nobody there is a refused one", async () => {
      const cut = script((socket, _, ordinal) => {
        if (ordinal === 0) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhello");
        if (ordinal === 1) socket.write("HTTP/1.1 200 O");
        socket.end();
      });
      const wire = make(true);
      for (let i = 0; i < 3; i++) expect((await ask(wire, cut.url()))[0]).toBe("connection closed");
      const gone = script(OK);
      gone.stop();
      expect((await ask(wire, gone.url()))[0]).toBe("connection refused");
      expect((await ask(wire, "http://no-such-host.invalid/"))[0]).toMatch(/host not found|connection refused/);
    });
  });
}

/** What becomes of the second request on a connection, by what its server does: python's sockets alone can be reset and half-closed at will. */
const ENDS = `
import socket, struct, sys, time
kind = sys.argv[1]
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
c, _ = server.accept()
c.recv(65536)
c.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
if kind == "ended before": c.close()
elif kind == "closed unread": time.sleep(0.2); c.close()
elif kind == "read and closed": c.recv(65536); c.close()
elif kind == "half an answer": c.recv(65536); c.sendall(b"HTTP/1.1 2"); c.close()
time.sleep(30)
`;

describe("a socket of this machine", () => {
  const path = join(folder, "server.sock");
  const kinds: [string, (tls?: object) => Transport][] = [
    ["sockets of its own", (tls) => wireOver({ unix: path, ...(tls === undefined ? {} : { tls }) })],
    ["fetch", (tls) => new FetchTransport(true, fetch, { unix: path, ...(tls === undefined ? {} : { tls }) })],
  ];
  function wireOver(rule: object): Transport {
    const wires = new Transports({ keepAlive: true, most: 2, ...rule });
    opened.push(wires);
    return wires.forSlot()("http://h/");
  }

  test.each(kinds)("is asked for any address, which its server is told: %s", async (_, make) => {
    const hosts: string[] = [];
    const socket = {
      data(to: Socket<undefined>, bytes: Buffer) {
        hosts.push(`${bytes.toString().split(" ", 2)[1]} ${/^host: (.*)$/im.exec(bytes.toString())?.[1]}`);
        to.write(OK);
      },
    };
    const listener = Bun.listen<undefined>({ unix: path, socket });
    const wire = make();
    expect(await ask(wire, "http://public.example/a")).toEqual([200, 2]);
    expect(await ask(wire, "http://127.0.0.1:1/b")).toEqual([200, 2]);
    expect(hosts).toEqual(["/a public.example", "/b 127.0.0.1:1"]);
    listener.stop(true);
    rmSync(path, { force: true });
    // Nobody listens there any more.
    expect((await ask(make(), "http://localhost/"))[0]).toBe("connection refused");
  });

  test.each(kinds)("is held to the name of the address by TLS, and to one that is a number too: %s", async (kind, make) => {
    const socket = { data: (to: Socket<undefined>) => void to.write(OK) };
    const listener = Bun.listen<undefined>({ unix: path, tls: { cert: CERT, key: KEY }, socket });
    const wire = make({ ca: CERT });
    expect(await ask(wire, "https://localhost/")).toEqual([200, 2]);
    expect(await ask(wire, "https://elsewhere.test/")).toEqual(["TLS: wrong name", 0]);
    if (kind !== "fetch") expect(await ask(wire, "https://127.0.0.2/")).toEqual(["TLS: wrong name", 0]);
    listener.stop(true);
    rmSync(path, { force: true });
  });
});

describe("when a request was how far on its way", () => {
  test("every instant is what the clock said when it came to that, and a kept connection has none of a new one", async () => {
    for (const secure of [false, true]) {
      let now = 0;
      const server = scriptOf((socket) => {
        now += 100;
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n");
        setTimeout(() => {
          now += 50;
          socket.write("ok");
        }, 20);
      }, secure);
      const wires = new Transports({ keepAlive: true, most: 1, tls: { ca: CERT } }, undefined, undefined, null, () => now++);
      opened.push(wires);
      const wire = wires.forSlot()("http://h/");
      expect(await ask(wire, server.url())).toEqual([200, 2]);
      const { reused, begun, connected, agreed, sent, first, whole } = wire.instants ?? {};
      expect([reused, begun, connected, agreed, sent]).toEqual(secure ? [false, 0, 1, 2, 3] : [false, 0, 1, Number.NaN, 2]);
      expect([(first ?? 0) - (sent ?? 0), (whole ?? 0) - (first ?? 0)]).toEqual([101, 51]);
      const before = now;
      await ask(wire, server.url());
      expect({ ...wire.instants }).toEqual({
        ...{ reused: true, begun: Number.NaN, connected: Number.NaN, agreed: Number.NaN },
        ...{ sent: before, first: before + 101, whole: before + 152 },
      });
    }
  });

  test("what never came to that has no instant of it, and of what `fetch` carries nothing is known", async () => {
    const server = scriptOf((socket) => socket.end());
    const wire = ownWire(true);
    await ask(wire, server.url());
    const { connected, first, whole } = wire.instants ?? {};
    expect([connected, first, whole]).toEqual([expect.any(Number), Number.NaN, Number.NaN]);
    expect(new FetchTransport(true, fetch).instants).toBeNull();
  });
});

describe("sockets of its own", () => {
  const own = ownWire;
  const script = (answer: Parameters<typeof scriptOf>[0]) => scriptOf(answer);

  test.skipIf(Bun.which("python3") === null).each([
    ["ended before", "unread"],
    ["closed unread", "reset"],
    ["read and closed", "unanswered"],
    ["half an answer", null],
  ])("a kept connection that is %s", async (kind, expected) => {
    const server = Bun.spawn(["python3", "-c", ENDS, kind], { stdout: "pipe" });
    const port = new TextDecoder().decode((await server.stdout.getReader().read()).value).trim();
    const wire = own(true);
    expect(await ask(wire, `http://127.0.0.1:${port}/`)).toEqual([200, 2]);
    // This thread hears nothing of what comes before it asks again.
    if (kind === "ended before") Bun.sleepSync(100);
    const end: unknown = await wire.send(asking(`http://127.0.0.1:${port}/`), "1.2").catch((error: unknown) => error);
    expect(end instanceof StaleConnection ? end.staleness : null).toBe(process.platform === "linux" ? expected : expect.anything());
    expect(nameOf(end)).toBe("connection closed");
    server.kill();
    await server.exited;
  });

  test.skipIf(Bun.which("python3") === null || process.platform !== "linux")(
    "nothing with a body is sent where the server has ended",
    async () => {
      const server = Bun.spawn(["python3", "-c", ENDS, "ended before"], { stdout: "pipe" });
      const port = new TextDecoder().decode((await server.stdout.getReader().read()).value).trim();
      const wire = own(true);
      expect(await ask(wire, `http://127.0.0.1:${port}/`)).toEqual([200, 2]);
      Bun.sleepSync(100);
      const content = { fields: [], bytes: new Uint8Array(100) };
      const end = await wire.send(asking(`http://127.0.0.1:${port}/`, { method: "POST", content }), "1.2").catch((error: unknown) => error);
      expect(end instanceof StaleConnection && end.staleness).toBe("unread");
      expect([wire.instants?.reused, wire.instants?.sent]).toEqual([true, Number.NaN]);
      server.kill();
      await server.exited;
    },
  );

  test("a field with one value counts as it came first, others are lists", async () => {
    const fields = "Location: /a\r\nETag: x\r\nlocation: /b\r\nVary: a\r\nVary: b\r\n";
    const server = script((socket) => socket.write(`HTTP/1.1 302 Found\r\n${fields}Content-Length: 0\r\n\r\n`));
    const head = await own(true).send(asking(server.url()), "1.1");
    expect(["location", "etag", "vary"].map((name) => head.field(name))).toEqual(["/a", "x", "a, b"]);
  });

  test.each([
    ["a second answer", "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil"],
    ["half of one", "HTTP/1.1 200 OK\r\nx-evil: "],
    ["no answer at all", "evil"],
  ])("%s to one request is no answer to the next", async (_, extra) => {
    for (const wait of [0, 5]) {
      const server = script((socket) => {
        if (wait === 0) socket.write(`${OK}${extra}`);
        else {
          socket.write(OK);
          setTimeout(() => socket.write(extra), wait);
        }
      });
      const wire = own(true);
      for (let i = 0; i < 3; i++) {
        expect(await ask(wire, server.url())).toEqual([200, 2]);
        // It is ended as soon as that is heard.
        await server.closed(i + 1);
      }
      expect(server.connections.length).toBe(3);
    }
  });

  test("an answer that announces others for ever is none", async () => {
    const server = script((socket) => void socket.write("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(500)));
    expect(await ask(own(true), server.url())).toEqual([0, 0]);
  });

  test("no body that is cut by a reset passes for a whole one", async () => {
    const server = script((socket) => {
      socket.write("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nsome");
      setTimeout(() => socket.terminate(), 5);
    });
    expect(await ask(own(true), server.url())).toEqual(["connection closed", 4]);
  });

  test.each([
    "HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n",
    "HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\ntransfer-encoding: chunked\r\n\r\n",
  ])("a connection on which a body is announced that there cannot be is not used again: %j", async (said) => {
    const server = script(said);
    const wire = own(true);
    for (let i = 0; i < 2; i++) await ask(wire, server.url());
    expect(server.connections.length).toBe(2);
  });

  test("nor one whose server answers before it has heard all", async () => {
    const server = new Script(() => {});
    const listener = Bun.listen<null>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open(socket) {
          socket.pause();
          socket.write(OK);
          setTimeout(() => socket.resume(), 50);
        },
        data() {},
        error() {},
      },
    });
    server.stop();
    const wires = new Transports({ keepAlive: true, most: 2 });
    opened.push(wires);
    const wire = wires.forSlot()("http://h/");
    for (let i = 0; i < 2; i++) expect(await ask(wire, `http://127.0.0.1:${listener.port}/${"p".repeat(8_000_000)}`)).toEqual([200, 2]);
    listener.stop(true);
  });

  test("an upgrade nobody asked for is none, and its connection is not used again", async () => {
    const server = script("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nrest");
    const wire = own(true);
    for (let i = 0; i < 2; i++) expect((await wire.send(asking(server.url()), "1.1")).status).toBe(0);
    expect(server.connections.length).toBe(2);
  });

  test.each([
    [
      "a length beside chunks (RFC 9112, 6.3)",
      "HTTP/1.1 200 OK\r\ncontent-length: 10\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ],
    ["something else", "nonsense\r\n\r\n"],
    ["a head whose lines end in bare line feeds (RFC 9112, 2.2)", "HTTP/1.1 200 OK\ncontent-length: 2\n\nok"],
    ["one such line", "HTTP/1.1 200 OK\r\nx: y\ncontent-length: 2\r\n\r\nok"],
  ])("%s is no HTTP", async (_, said) => {
    expect((await ask(own(true), script(said).url()))[0]).toBe("invalid response");
  });

  test("many fields are a flood too", async () => {
    const server = script((socket) => void socket.write(`HTTP/1.1 200 OK\r\n${"x-flood: 0123456789\r\n".repeat(5000)}`));
    expect((await ask(own(true), server.url()))[0]).toBe("headers too large");
  });

  test("idle connections are kept up to a number, the oldest goes first, and none outlives the pool", async () => {
    const servers = [script(OK), script(OK), script(OK)];
    const wires = new Transports({ keepAlive: true, most: 2 });
    const wire = wires.forSlot()("http://h/");
    for (const server of servers) expect(await ask(wire, server.url())).toEqual([200, 2]);
    await servers[0]?.closed(1);
    for (const server of servers) expect(await ask(wire, server.url())).toEqual([200, 2]);
    expect(servers.map(({ connections }) => connections.length)).toEqual([2, 2, 2]);
    wires.close();
    for (const server of servers) await server.closed(2);
    expect(await ask(wire, servers[0]?.url() ?? "")).toEqual([200, 2]);
    await servers[0]?.closed(3);
  });

  test("what cannot be called off while it connects does not hold up the next; after a few, `fetch` asks that server", async () => {
    // Listens, and takes nobody in: what has no place in its backlog waits.
    const program = `const s = require("node:net").createServer(); s.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
      require("node:fs").writeSync(1, String(s.address().port)); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0); });`;
    const deaf = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe", stderr: "ignore" });
    const port = new TextDecoder().decode((await deaf.stdout.getReader().read()).value);
    const url = `http://127.0.0.1:${port}/`;
    // Until one has to wait.
    const filling: unknown[] = [];
    const connects = () =>
      new Promise((resolve) => {
        const socket = { open: () => resolve(true), data() {} };
        void Bun.connect({ hostname: "127.0.0.1", port: Number(port), socket }).then(
          (made) => filling.push(made),
          () => {},
        );
        setTimeout(() => resolve(false), 100);
      });
    while (await connects());
    const wires = new Transports({ keepAlive: true, most: 3 });
    const wireFor = wires.forSlot();
    for (let i = 0; i < 8; i++) {
      const wire = wireFor(url);
      expect(wire).not.toBeInstanceOf(FetchTransport);
      const going = ask(wire, url);
      await Bun.sleep(2);
      wire.abort();
      expect(await going).toEqual(["Error", 0]);
    }
    expect(wireFor(url)).toBeInstanceOf(FetchTransport);
    expect(wireFor("http://127.0.0.1:1/")).not.toBeInstanceOf(FetchTransport);
    deaf.kill();
    await deaf.exited;
    // Refused by now: they are forgotten.
    while (wireFor(url) instanceof FetchTransport) await Bun.sleep(10);
    wires.close();
  });

  test("carry all that goes out, to whom and for what it may, whatever proxy the environment names", () => {
    const before = process.env["http_proxy"];
    process.env["http_proxy"] = "http://127.0.0.1:1";
    const wireFor = new Transports({ keepAlive: true, most: 2 }).forSlot();
    for (const url of ["http://h/", "https://h/"]) expect(wireFor(url)).not.toBeInstanceOf(FetchTransport);
    if (before === undefined) delete process.env["http_proxy"];
    else process.env["http_proxy"] = before;
  });

  test.each([false, true])("a path is asked for as it stands, TLS: %p", async (secure) => {
    const server = scriptOf(OK, secure);
    for (const path of ["//a/b", "/a//b/", "//"]) {
      expect(await ask(own(true), server.url(path))).toEqual([200, 2]);
      expect(server.connections.flatMap(({ asked }) => asked).at(-1)).toStartWith(`GET ${path} HTTP/1.1\r\n`);
    }
  });

  test("who cannot show who it is, or does not speak TLS, is not asked", async () => {
    const server = scriptOf(OK, true);
    const wires = (tls: object | undefined) => {
      const made = new Transports({ keepAlive: true, most: 2, ...(tls === undefined ? {} : { tls }) });
      opened.push(made);
      return made.forSlot()("https://h/");
    };
    expect(await ask(wires(undefined), server.url())).toEqual([expect.stringMatching(/^TLS: /), 0]);
    expect(await ask(wires({ ca: CERT }), server.url().replace("127.0.0.1", "[::ffff:127.0.0.1]"))).toEqual([
      expect.stringMatching(/^TLS: /),
      0,
    ]);
    const plain = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: (socket) => void socket.write(OK) } });
    expect(await ask(wires({ ca: CERT }), `https://127.0.0.1:${plain.port}/`)).toEqual([expect.stringMatching(/^TLS: /), 0]);
    plain.stop(true);
    expect(server.connections.flatMap(({ asked }) => asked)).toEqual([]);
    expect(await ask(wires({ rejectUnauthorized: false }), server.url())).toEqual([200, 2]);
    expect(await ask(wires({ ca: CERT }), server.url().replace("127.0.0.1", "localhost"))).toEqual([200, 2]);
  });
});
