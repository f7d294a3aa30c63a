import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createSecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { StaleConnection, type Transport } from "../../src/http/transport.ts";
import { type TransportRule, Transports } from "../../src/http/transports.ts";
import { nameOf } from "../../src/workloads/fetch/failure-name.ts";
import { asking } from "../support/asked.ts";
import { patience } from "../support/campaign.ts";
import { FickleHttp2, type Http2Whim } from "../support/fickle-http2.ts";
import { CERT, KEY } from "../support/tls.ts";

setDefaultTimeout(patience(60_000));

const closing: (() => void)[] = [];
afterAll(() => {
  for (const close of closing) close();
});

function serverOf(whims: readonly Http2Whim[], most = 100): FickleHttp2 {
  const server = new FickleHttp2((n) => whims[n % whims.length] ?? "well", undefined, most);
  closing.push(() => server.stop());
  return server;
}

function wiresOf(rule: Partial<TransportRule> = {}): Transports {
  const wires = new Transports({ keepAlive: true, most: 4, http: 2, ...rule });
  closing.push(() => wires.close());
  return wires;
}

/** What comes of one request: its status and bytes, or what it failed of. */
async function outcome(wire: Transport, url: string, fresh = false): Promise<string> {
  try {
    const { status } = await wire.send(asking(url), "1.1", fresh);
    await wire.readBody(null);
    return `${status} ${wire.bytes}`;
  } catch (error) {
    return error instanceof StaleConnection ? `${nameOf(error)}, ${error.staleness}` : nameOf(error);
  }
}

describe("HTTP/2", () => {
  test("carries many requests at once over one connection, each with its own answer", async () => {
    const server = serverOf(["well", "not found"]);
    const wires = wiresOf();
    const all = await Promise.all(Array.from({ length: 50 }, (_, i) => outcome(wires.forSlot()("http://h/"), server.url(`/${i}`))));
    expect([all.filter((one) => one === "200 2").length, all.filter((one) => one === "404 2").length]).toEqual([25, 25]);
    expect([server.heard, server.connections]).toEqual([50, 1]);
  });

  test("goes over another connection where a server takes fewer at once, of as many as there may be", async () => {
    const server = serverOf(["well"], 5);
    const wires = wiresOf({ most: 3 });
    // The server says how many it takes once there is a connection.
    await outcome(wires.forSlot()("http://h/"), server.url("/"));
    const all = await Promise.all(Array.from({ length: 40 }, () => outcome(wires.forSlot()("http://h/"), server.url("/"))));
    expect(all).toEqual(Array(40).fill("200 2"));
    expect(server.connections).toBe(3);
  });

  test.each([
    ["refuses", "HTTP/2: REFUSED_STREAM, refused", "HTTP/2: REFUSED_STREAM"],
    ["resets", "HTTP/2: INTERNAL_ERROR", "HTTP/2: INTERNAL_ERROR"],
    ["resets its body", "HTTP/2: INTERNAL_ERROR", "HTTP/2: INTERNAL_ERROR"],
    ["dies", "connection closed", "connection closed"],
    ["cuts its body", "connection closed", "connection closed"],
    ["lies about its length", "invalid response", "invalid response"],
  ] as const)("a server that %s", async (whim, name, again) => {
    const server = serverOf([whim]);
    const wire = wiresOf().forSlot()("http://h/");
    expect(await outcome(wire, server.url("/"))).toBe(name);
    expect(await outcome(wire, server.url("/"), true)).toBe(again);
    expect(server.heard).toBe(2);
  });

  test("a kept connection that is over before an answer may be asked anew", async () => {
    const server = serverOf(["well", "dies"]);
    const wire = wiresOf().forSlot()("http://h/");
    expect(await outcome(wire, server.url("/"))).toBe("200 2");
    expect(await outcome(wire, server.url("/"))).toBe("connection closed, unanswered");
  });

  test("a server that leaves is asked over a new connection", async () => {
    const server = serverOf(["leaves after it", "well"]);
    const wire = wiresOf().forSlot()("http://h/");
    for (let i = 0; i < 4; i++) expect(await outcome(wire, server.url("/"))).toBe("200 2");
    expect(server.connections).toBe(3);
  });

  test("what a server that leaves has done nothing with is told, and what had not gone out goes out elsewhere", async () => {
    const server = serverOf(["well", "leaves before it", ...Array<Http2Whim>(10).fill("well")], 2);
    const wires = wiresOf({ most: 1 });
    await outcome(wires.forSlot()("http://h/"), server.url("/"));
    const all = await Promise.all(Array.from({ length: 6 }, () => outcome(wires.forSlot()("http://h/"), server.url("/"))));
    const refused = all.filter((one) => one === "HTTP/2: GOAWAY, refused").length;
    expect([refused >= 1 && refused <= 2, all.filter((one) => one === "200 2").length]).toEqual([true, 6 - refused]);
    expect([server.heard, server.connections]).toEqual([7, 2]);
  });

  test("one that is broken off leaves the others on its connection alone", async () => {
    const server = serverOf(["stalls", "well"]);
    const wires = wiresOf();
    const slow = wires.forSlot()("http://h/");
    const going = outcome(slow, server.url("/slow"));
    while (server.stalled === 0) await Bun.sleep(1);
    slow.abort();
    expect(await going).toBe("Error");
    expect(await outcome(wires.forSlot()("http://h/"), server.url("/"))).toBe("200 2");
    expect(server.connections).toBe(1);
  });

  test("a body goes with its request, and fields of a connection do not", async () => {
    const server = serverOf(["well"]);
    const wire = wiresOf().forSlot()("http://h/");
    const content = { fields: ["Content-Type: text/plain"], bytes: new TextEncoder().encode("x".repeat(200_000)) };
    await wire.send(asking(server.url("/post?a=b"), { method: "POST", content }), "1.1");
    await wire.readBody(null);
    expect(server.bodies).toEqual([200_000]);
  });

  test("when it was how far is known as by HTTP/1.1", async () => {
    const server = serverOf(["well"]);
    let now = 0;
    const wires = new Transports({ keepAlive: true, most: 1, http: 2 }, undefined, undefined, null, () => now++);
    closing.push(() => wires.close());
    const wire = wires.forSlot()("http://h/");
    await outcome(wire, server.url("/"));
    const { begun = 0, connected = 0, agreed, sent = 0, first = 0, whole = 0, reused } = wire.instants ?? {};
    expect([begun < connected, connected < sent, sent < first, first < whole, agreed, reused]).toEqual([
      true,
      true,
      true,
      true,
      Number.NaN,
      false,
    ]);
    await outcome(wire, server.url("/"));
    expect([wire.instants?.reused, wire.instants?.connected]).toEqual([true, Number.NaN]);
  });

  test("is spoken by TLS where the server agrees to it, and is not tried where it does not", async () => {
    const able = createSecureServer({ cert: CERT, key: KEY }, (_, response) => response.end("ok"));
    await new Promise<void>((resolve) => able.listen(0, "127.0.0.1", resolve));
    closing.push(() => able.close());
    const url = `https://localhost:${(able.address() as AddressInfo).port}/`;
    expect(await outcome(wiresOf({ tls: { ca: CERT } }).forSlot()("https://h/"), url)).toBe("200 2");
    expect(await outcome(wiresOf().forSlot()("https://h/"), url)).toBe("TLS: self-signed certificate");
    const other = url.replace("localhost", "127.0.0.2");
    expect(await outcome(wiresOf({ tls: { ca: CERT } }).forSlot()("https://h/"), other)).toMatch(/^(TLS: wrong name|connection refused)$/);
    const old = Bun.serve({ hostname: "127.0.0.1", port: 0, tls: { cert: CERT, key: KEY }, fetch: () => new Response("ok") });
    closing.push(() => old.stop(true));
    expect(await outcome(wiresOf({ tls: { ca: CERT } }).forSlot()("https://h/"), `https://localhost:${old.port}/`)).toBe(
      "HTTP/2: not spoken",
    );
  });

  test("nobody there, and a server that speaks HTTP/1.1 alone, have names", async () => {
    const gone = serverOf(["well"]);
    const url = gone.url("/");
    gone.stop();
    expect(await outcome(wiresOf().forSlot()("http://h/"), url)).toBe("connection refused");
    const old = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data: (socket) => void socket.end("HTTP/1.1 400 Bad Request\r\n\r\n") },
    });
    closing.push(() => old.stop(true));
    expect(await outcome(wiresOf().forSlot()("http://h/"), `http://127.0.0.1:${old.port}/`)).toBe("HTTP/2: not spoken");
  });
});
