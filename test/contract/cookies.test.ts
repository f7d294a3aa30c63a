import { afterAll, describe, expect, test } from "bun:test";
import { FetchTransport } from "../../src/http/fetch-transport.ts";
import type { Transport } from "../../src/http/transport.ts";
import { Transports } from "../../src/http/transports.ts";
import { Cookies } from "../../src/workloads/fetch/cookies.ts";
import { RequestSlot } from "../../src/workloads/fetch/request-slot.ts";
import { asking } from "../support/asked.ts";
import { ListeningServer } from "../support/listening-server.ts";

const opened: { close(): void }[] = [];
afterAll(() => {
  for (const one of opened) one.close();
});

const KINDS: Readonly<Record<string, () => Transport>> = {
  "sockets of its own": () => {
    const wires = new Transports({ keepAlive: true, most: 4 });
    opened.push(wires);
    return wires.forSlot()("http://h/");
  },
  fetch: () => new FetchTransport(true, fetch),
};

describe.each(Object.entries(KINDS))("cookies that an answer sets: %s", (_, make) => {
  test.each([200, 302, 404])("are heard of an answer of %d, each of several, and are sent where they are meant for", async (status) => {
    const set = "Set-Cookie: a=1; Path=/; Expires=Fri, 31 Dec 2100 23:59:59 GMT\r\nset-cookie: b=2; Path=/deep\r\n";
    const server = new ListeningServer(() => `HTTP/1.1 ${status} X\r\n${set}location: /x\r\ncontent-length: 0\r\n\r\n`);
    opened.push({ close: () => server.stop() });
    const cookies = new Cookies();
    const wire = make();
    const line = new RequestSlot(() => wire, null, null, cookies);
    expect(cookies.lineFor(server.url())).toBeNull();
    await line.send(asking(server.url("/deep/er")), "1");
    expect([cookies.lineFor(server.url()), cookies.lineFor(server.url("/deep/er"))]).toEqual(["Cookie: a=1", "Cookie: b=2; a=1"]);
    await line.send(asking(server.url(), { fields: [cookies.lineFor(server.url()) ?? ""] }), "2");
    expect(server.last.fields["cookie"]).toBe("a=1");
  });
});
