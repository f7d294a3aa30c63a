import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { FetchTransport } from "../../../src/http/fetch-transport.ts";
import { OriginCache } from "../../../src/http/origin.ts";
import { isHostAllowed, isPrivateHost, kindOfHost } from "../../../src/kernel/hosts.ts";
import { LineFile } from "../../../src/kernel/line-file.ts";
import { fetchSchema } from "../../../src/scenario/fetch-schema.ts";
import { requestDemand, sawtoothMean } from "../../../src/theory/fetch.ts";
import { nameOf } from "../../../src/workloads/fetch/failure-name.ts";
import { faultFor } from "../../../src/workloads/fetch/mock/fault.ts";
import { mergeReports } from "../../../src/workloads/fetch/report.ts";
import { RequestSlot } from "../../../src/workloads/fetch/request-slot.ts";
import { fileNameOf, Saver } from "../../../src/workloads/fetch/save.ts";
import { countTargets, publicHosts, Targets } from "../../../src/workloads/fetch/targets.ts";
import { parentOf, parseTile, tileOf, tileProblem, tileUrl } from "../../../src/workloads/fetch/tiles.ts";
import { asking } from "../../support/asked.ts";
import { rounds } from "../../support/campaign.ts";
import { temporaryFolder } from "../../support/cli.ts";
import { rig } from "../../support/fetch-rig.ts";

describe("T-1 addresses", () => {
  const origins = fc.constantFrom(
    "http://127.0.0.1:8080",
    "http://LocalHost",
    "http://u:p%40@localhost:81",
    "http://[::1]:9",
    "http:///localhost",
  );
  const pieces = fc.array(
    fc.constantFrom(
      "a",
      "B7",
      "/",
      "..",
      ".",
      "?",
      "#",
      "%2e",
      "%20",
      "\\",
      " ",
      "'",
      "é",
      "{",
      "~",
      "@",
      ":",
      "%",
      "|",
      "(",
      "=",
      "&",
      "\t",
      "//",
    ),
    { maxLength: 8 },
  );
  const addresses = fc.array(
    fc.tuple(origins, fc.constantFrom("/", "", "?"), pieces).map(([origin, mark, rest]) => `${origin}${mark}${rest.join("")}`),
    { minLength: 1, maxLength: 12 },
  );
  // An empty query is one, though URL does not tell.
  const spelt = ({ pathname, search, href }: URL) => `${pathname}${search || (href.split("#", 1)[0]?.endsWith("?") ? "?" : "")}`;

  test("where an address leads is what URL says, whatever came before it", () => {
    fc.assert(
      fc.property(addresses, (list) => {
        const places = new OriginCache(true);
        for (const address of list.filter((one) => URL.canParse(one))) {
          const { origin: place, path } = places.find(address);
          const url = new URL(address);
          expect({ origin: place.address, port: place.port, path }).toEqual({
            origin: url.origin,
            port: Number(url.port || 80),
            path: spelt(url),
          });
          expect(`[${place.hostname}]`).toBe(url.hostname.startsWith("[") ? url.hostname : `[${url.hostname}]`);
          expect(place.rest).toContain(`\r\nHost: ${url.host}\r\n`);
          expect(place.rest.includes("Authorization: Basic ")).toBe(url.username !== "" || url.password !== "");
        }
      }),
      { numRuns: rounds(300) },
    );
  });

  test("an address of a list is asked for as URL spells it, whatever came before it", () => {
    fc.assert(
      fc.property(addresses, (urls) => {
        const targets = new Targets({ urls }, null, []);
        for (const address of urls) {
          const { url, problem } = targets.next();
          const asked = URL.canParse(address) && isHostAllowed(new URL(address).hostname, []);
          expect(url).toBe(asked ? new URL(address).href : "");
          expect(problem === null).toBe(asked);
        }
      }),
      { numRuns: rounds(300) },
    );
  });
});

describe("T-1 T-11 tiles", () => {
  test("addresses in both schemes, with and without placeholders", () => {
    const tile = { z: 5, x: 10, y: 12 };
    expect(tileUrl("http://h/{z}/{x}/{y}.png", tile)).toBe("http://h/5/10/12.png");
    expect(tileUrl("http://h/{z}/{x}/{-y}.png?k={z}", tile)).toBe("http://h/5/10/19.png?k=5");
    expect(tileUrl("http://h/base/", tile)).toBe("http://h/base/5/10/12.png");
  });

  test("an address gives its tile back, whatever the template", () => {
    const templates = fc.constantFrom(
      "http://h/{z}/{x}/{y}.png",
      "http://h/{x}-{-y}@{z}",
      "http://h/base",
      "http://h/a(b)*/{y}/{x}/{z}?q=1",
    );
    fc.assert(
      fc.property(templates, fc.integer({ min: 0, max: 20 }), fc.nat(), fc.nat(), (template, z, a, b) => {
        const tile = { z, x: a % 2 ** z, y: b % 2 ** z };
        expect(tileOf(template, tileUrl(template, tile))).toEqual(tile);
        expect(tileProblem(tile)).toBeNull();
        const parent = parentOf(tile);
        expect(parent === null).toBe(z === 0);
        if (parent !== null) expect(tileProblem(parent)).toBeNull();
      }),
      { numRuns: rounds(200) },
    );
    expect(tileOf("http://h/{z}/{x}/{y}.png", "http://other/5/1/2.png")).toBeNull();
  });

  test("what is no tile is not taken for one", () => {
    expect(parseTile("5/10/12")).toEqual({ z: 5, x: 10, y: 12 });
    for (const text of ["5/10", "a/b/c", "5/10/12/1", "", "123/1/1", "http://h/1/2/3"]) expect(parseTile(text)).toBeNull();
    expect(tileProblem({ z: 5, x: 32, y: 0 })).toContain("its column is not in 0…31");
    expect(tileProblem({ z: 5, x: 0, y: -1 })).toContain("its row is not in 0…31");
    expect(tileProblem({ z: 25, x: 0, y: 0 })).toContain("zoom 25");
  });
});

describe("hosts that need no leave", () => {
  test("loopback and private networks, however they are spelt", () => {
    const hosts =
      "http://127.0.0.1/ http://localhost:8/ http://10.1.2.3/ http://172.31.0.1/ http://192.168.9.9/ http://[::1]/ http://[fd00::1]/ http://[::ffff:127.0.0.1]/ http://2130706433/ http://0x7f.1/";
    for (const url of hosts.split(" ")) expect([url, isPrivateHost(new URL(url).hostname)]).toEqual([url, true]);
  });

  test("everything else is public", () => {
    const hosts =
      "http://example.com/ http://8.8.8.8/ http://172.32.0.1/ http://11.0.0.1/ http://169.254.169.254/ http://0xa9fea9fe/ http://[fe80::1]/ http://[::ffff:169.254.1.1]/ http://[fd00:ec2::254]/ http://[2001:db8::1]/ http://[::ffff:8.8.8.8]/ http://127.0.0.1.example.com/ http://localhost.example.com/";
    for (const url of hosts.split(" ")) expect([url, isPrivateHost(new URL(url).hostname)]).toEqual([url, false]);
    expect(isHostAllowed("example.com", ["example.com"])).toBe(true);
    expect(isHostAllowed("example.com", ["Example.COM"])).toBe(true);
    expect(isHostAllowed("[fe80::1]", ["fe80::1"])).toBe(true);
  });

  test("what is link-local is called so, where clouds keep credentials too", () => {
    const kinds = ["169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "[::ffff:a9fe:1]", "example.com", "169.25.4.1"].map(kindOfHost);
    expect(kinds).toEqual(["link-local", "link-local", "link-local", "link-local", "public", "public"]);
  });
});

describe("T-1 lists", () => {
  const folder = temporaryFolder();

  function all(targets: Targets, count: number) {
    return Array.from({ length: count }, () => ({ ...targets.next() }));
  }

  test("a file of addresses, tiles and dead letters; what is neither is refused with its line", () => {
    const file = join(folder, "list.txt");
    const lines = [
      "# a comment",
      "http://127.0.0.1:9/a",
      "",
      "5/1/2",
      '{"url":"http://127.0.0.1/dead","reason":"503"}',
      "nonsense",
      "5/99/2",
      "ftp://127.0.0.1/",
      "http://example.com/x",
      '{"url":7}',
    ];
    writeFileSync(file, `${lines.join("\n")}\n`);
    const list = { urlsFile: file };
    expect(countTargets(list)).toBe(8);
    expect(publicHosts(list, [], [])).toEqual(["example.com"]);
    expect(publicHosts(list, [], ["example.com"])).toEqual([]);
    const targets = new Targets(list, "http://127.0.0.1:8/{z}/{x}/{y}", []);
    const read = all(targets, 9);
    expect(read.slice(0, 3).map(({ url }) => url)).toEqual(["http://127.0.0.1:9/a", "http://127.0.0.1:8/5/1/2", "http://127.0.0.1/dead"]);
    expect(read.slice(3, 8).map(({ line }) => line)).toEqual([6, 7, 8, 9, 10]);
    expect(read.slice(3, 8).map(({ problem }) => problem?.split(" ")[0])).toEqual(["must", "its", "must", "example.com", "must"]);
    // At the end it begins again.
    expect(read[8]?.url).toBe("http://127.0.0.1:9/a");
    targets.close();
    expect(all(new Targets(list, null, []), 2)[1]?.problem).toContain("needs fetch.target");
  });

  test("tiles go row by row and begin again", () => {
    const targets = new Targets({ tiles: { zoom: 1, count: 6 } }, "http://127.0.0.1/{z}/{x}/{y}", []);
    expect(all(targets, 7).map(({ url }) => url.slice(17))).toEqual(["1/0/0", "1/1/0", "1/0/1", "1/1/1", "1/0/0", "1/1/0", "1/0/0"]);
    expect(countTargets({})).toBe(100);
  });
});

describe("saved bodies", () => {
  test("no address leaves the folder or overwrites another", () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), fc.webPath(), (url, path) => {
        const address = new URL(`/../..${path}/%2e%2e/..%2f`, url).href;
        for (const one of [url, address]) expect(fileNameOf(one)).toMatch(/^[A-Za-z0-9-]{1,80}-[0-9a-f]{12}(\.[A-Za-z0-9]{1,8})?$/);
      }),
      { numRuns: rounds(200) },
    );
    expect(fileNameOf("http://h/a?1")).not.toBe(fileNameOf("http://h/a?2"));
  });

  test("a body has its name only once it is whole", () => {
    const folder = join(temporaryFolder(), "tiles");
    const saver = new Saver(folder, 0);
    const saved = saver.begin("http://h/a.png");
    saved.write(new TextEncoder().encode("half"));
    expect(saver.has("http://h/a.png")).toBe(false);
    saved.discard();
    expect(readdirSync(folder)).toEqual([]);
    const whole = saver.begin("http://h/a.png");
    whole.write(new TextEncoder().encode("whole"));
    whole.commit();
    expect(readFileSync(join(folder, fileNameOf("http://h/a.png")), "utf8")).toBe("whole");
  });
});

test("dead letters are for their owner's eyes", () => {
  const file = join(temporaryFolder(), "dead.ndjson");
  writeFileSync(file, "old", { mode: 0o644 });
  LineFile.create(file);
  const [one, other] = [new LineFile(file), new LineFile(file)];
  for (let i = 0; i < 5000; i++) (i % 2 ? one : other).add({ i, text: "x".repeat(50) });
  one.close();
  other.close();
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  expect(lines.map((line) => (JSON.parse(line) as { i: number }).i).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 5000 }, (_, i) => i),
  );
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

describe("T-2 T-3 T-5 a request with all its attempts", () => {
  const retry = { max: 3, backoff: "exponential", baseDelay: "100ms", maxDelay: "1s", jitter: "none" };

  test.each([503, 500, 408])("%d is tried again, with the delays of the rule", async (status) => {
    const { time, asked, one, count } = rig({ retry }, (attempt) => (attempt < 4 ? status : 200));
    expect(await time.run(one())).toBeNull();
    expect(asked.map(({ at }) => at)).toEqual([0, 105, 310, 715]);
    expect([count("attempts"), count("retries"), count("ok"), count("failed")]).toEqual([4, 3, 1, 0]);
  });

  test.each(["ECONNRESET", "ConnectionRefused", "InvalidHTTPResponse"])("%s is tried again and named when given up", async (code) => {
    const { time, asked, one, count, processor } = rig({ retry }, () => code);
    expect(await time.run(one())).toContain("after 4 attempts");
    expect(asked.length).toBe(4);
    expect(count("failed")).toBe(1);
    expect(Object.values(processor.report().fetch?.byError ?? {})).toEqual([4]);
  });

  test("408 is tried again and says nothing against the host", async () => {
    const { time, asked, one } = rig({ retry: { ...retry, max: 1 }, circuitBreaker: { failureThreshold: 1 } }, () => 408);
    for (let i = 0; i < 3; i++) expect(await time.run(one())).toBe("408 after 2 attempts");
    expect(asked.length).toBe(6);
  });

  test("whoever waited for a connection while the breaker opened is refused", async () => {
    const settings = { retry: { max: 0 }, circuitBreaker: { failureThreshold: 3 }, connections: { max: 1 }, concurrency: { max: 50 } };
    const { time, asked, one, count } = rig(settings, () => "ECONNRESET");
    await time.run(Promise.all(Array.from({ length: 50 }, () => one())));
    expect(asked.length).toBe(3);
    expect(count("refused")).toBe(47);
  });

  test.each([404, 400, 401, 410, 304])("%d is not", async (status) => {
    const { time, asked, one } = rig({ retry, circuitBreaker: { failureThreshold: 1 } }, () => status);
    expect(await time.run(one())).toBe(String(status));
    expect(await time.run(one())).toBe(String(status));
    expect(asked.length).toBe(2);
  });

  test("429 waits as long as it is told, counts as a retry, and does not open the breaker", async () => {
    const settings = { retry, circuitBreaker: { failureThreshold: 1 } };
    const told = rig(settings, (attempt) => (attempt === 1 ? [429, { "retry-after": "2" }] : 200));
    expect(await told.time.run(told.one())).toBeNull();
    expect(told.asked[1]?.at).toBeCloseTo(2005, 0);
    expect([told.count("limited"), told.count("retries")]).toEqual([1, 1]);
    const untold = rig(settings, (attempt) => (attempt === 1 ? 429 : 200));
    await untold.time.run(untold.one());
    expect(untold.asked[1]?.at).toBeCloseTo(1005, 0);
    const longer = rig(settings, () => [429, { "retry-after": "61" }]);
    expect(await longer.time.run(longer.one())).toBe("429 asks to wait 61 s");
    const longest = rig(settings, () => [429, { "retry-after": "10000000000" }]);
    expect(await longest.time.run(longest.one())).toBe("429 asks to wait 10000000000 s");
  });

  test("503 waits as long as it is told too, and by the rule where it is told nothing", async () => {
    const told = rig({ retry }, (attempt) => (attempt === 1 ? [503, { "retry-after": "2" }] : 200));
    expect(await told.time.run(told.one())).toBeNull();
    expect(told.asked[1]?.at).toBeCloseTo(2005, 0);
  });

  test("what waits for a connection is not sent once its time is up, or the run is over", async () => {
    const busy = { retry: { ...retry, max: 0 }, connections: { max: 1 }, concurrency: { max: 5 } };
    const late = rig({ ...busy, timeout: "10s", deadline: "100ms" }, () => "hang");
    const ends = Promise.all([0, 1, 2].map((key) => late.one(undefined, key)));
    expect(await late.time.run(ends)).toEqual(["deadline", "deadline", "deadline"]);
    expect([late.asked.length, late.count("attempts"), late.count("inFlight")]).toEqual([1, 1, 0]);
    expect(late.time.now() / 1e6).toBeLessThan(125);
    const stopped = rig({ ...busy, fallback: "parent" }, () => "hang");
    const all = Promise.all([0, 1, 2].map((key) => stopped.one(undefined, key)));
    void stopped.time.sleepUntil(20e6).then(() => stopped.processor.halt());
    expect(await stopped.time.run(all)).toEqual(["stopped", "stopped", "stopped"]);
    expect([stopped.asked.length, stopped.count("attempts")]).toEqual([1, 1]);
  });

  test("one that hangs is broken off by the timeout, and by the deadline", async () => {
    const hung = rig({ retry: { ...retry, max: 1 }, timeout: "200ms" }, () => "hang");
    expect(await hung.time.run(hung.one())).toBe("timeout after 2 attempts");
    expect(hung.asked[1]?.at ?? 0).toBeWithin(299, 330);
    const late = rig({ retry, timeout: "10s", deadline: "500ms" }, () => "hang");
    expect(await late.time.run(late.one())).toBe("deadline");
    expect(late.time.now() / 1e6).toBeWithin(499, 525);
    const waiting = rig({ retry: { ...retry, baseDelay: "900ms" }, deadline: "500ms" }, () => 503);
    expect(await waiting.time.run(waiting.one())).toBe("503, its deadline before the next attempt");
    // At once: its place is free for another.
    expect([waiting.asked.length, waiting.count("retries")]).toEqual([1, 0]);
    expect(waiting.time.now() / 1e6).toBeLessThan(100);
  });

  test("the breaker refuses without asking, counts that as failed, and lets one try", async () => {
    const { time, asked, one, count } = rig({ retry: { max: 0 }, circuitBreaker: { failureThreshold: 2, openFor: "1s" } }, (n) =>
      n < 3 ? 503 : 200,
    );
    for (const expected of ["503", "503", "circuit open", "circuit open"]) expect(await time.run(one())).toBe(expected);
    expect([asked.length, count("refused"), count("failed")]).toEqual([2, 2, 4]);
    await time.run(time.sleepUntil(2e9));
    expect(await time.run(one())).toBeNull();
    expect(await time.run(one())).toBeNull();
  });

  test("retries make the geometric series, and the share that ends well is what is left of it", async () => {
    const share = 0.2;
    let state = 1;
    const { time, one, count } = rig({ retry: { ...retry, baseDelay: "1ms" } }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32 < share ? 503 : 200;
    });
    for (let i = 0; i < 3000; i++) await time.run(one(undefined, i));
    const expected = requestDemand(fetchSchema.parse({ retry, target: { mock: { errorRate: share } } }));
    expect(count("attempts") / 3000 / (expected?.attempts ?? 0)).toBeWithin(0.95, 1.05);
    expect(count("ok") / 3000).toBeGreaterThan(0.99);
  });

  test("something else stands in: the tile around, or what was saved last; it is never ok", async () => {
    const parent = rig({ retry: { max: 0 }, fallback: "parent" }, (_, url) => (url.includes("/4/") ? 200 : 503));
    expect(await parent.time.run(parent.one())).toBeNull();
    expect(parent.asked.map(({ url }) => url)).toEqual(["http://127.0.0.1/5/2/3", "http://127.0.0.1/4/1/1"]);
    expect([parent.count("ok"), parent.count("degraded"), parent.count("failed")]).toEqual([0, 1, 0]);
    const saveTo = join(temporaryFolder(), "saved");
    mkdirSync(saveTo);
    const stale = rig({ retry: { max: 0 }, fallback: "stale", saveTo }, () => 503);
    expect(await stale.time.run(stale.one())).toBe("503");
    writeFileSync(join(saveTo, fileNameOf("http://127.0.0.1/5/2/3")), "old");
    expect(await stale.time.run(stale.one())).toBeNull();
    expect([stale.count("degraded"), stale.count("failed")]).toEqual([1, 1]);
    const resumed = rig({ resume: true, saveTo }, () => 200);
    expect(await resumed.time.run(resumed.one())).toBeNull();
    expect([resumed.asked.length, resumed.count("ok"), resumed.count("resumed")]).toEqual([0, 1, 1]);
  });

  test("redirects are followed, but not for ever and not to public hosts", async () => {
    const cases: [(n: number) => [number, Record<string, string>] | number, string | null][] = [
      [(n) => (n === 1 ? [302, { location: "/there" }] : 200), null],
      [() => [301, { location: "/again" }], "redirect loop"],
      [() => [307, { location: "http://example.com/" }], "redirect to a public host"],
      [() => [307, { location: "http://169.254.169.254/latest/meta-data" }], "redirect to a link-local host"],
      [() => [307, { location: "file:///etc/passwd" }], "redirect to nowhere"],
    ];
    for (const [answer, outcome] of cases) {
      const { time, one } = rig({ retry }, answer);
      expect(await time.run(one())).toBe(outcome);
    }
  });

  test.each([
    ["http://127.0.0.1/\u00c3\u00b6k", "http://127.0.0.1/%C3%B6k"],
    ["/caf\u00e9", "http://127.0.0.1/caf%E9"],
    ["/a b#c", "http://127.0.0.1/a%20b#c"],
  ])("a redirect to %j goes to %s: bytes beyond ASCII stay as the server wrote them", async (location, at) => {
    const { time, one, asked } = rig({ retry }, (n) => (n === 1 ? [302, { location }] : 200));
    expect(await time.run(one())).toBeNull();
    expect(asked[1]?.url).toBe(at);
  });

  test("every hop of a redirect is an attempt with a status, a log line and a turn of its own", async () => {
    const log = join(temporaryFolder(), "log");
    const rateLimit = { initial: 10, min: 10, max: 10 };
    const { time, one, asked, count, processor } = rig(
      { retry: { max: 1, baseDelay: "1ms" }, rateLimit },
      (n) => ([302, 302, 503, 302, 200][n - 1] === 302 ? [302, { location: `/${n}` }] : n === 3 ? 503 : 200),
      { log },
    );
    expect(await time.run(one())).toBeNull();
    const gaps = asked.slice(1).map(({ at }, i) => at - (asked[i]?.at ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThan(95);
    expect([count("attempts"), count("sent"), count("retries"), count("ok")]).toEqual([5, 1, 1, 1]);
    const { byStatus, byError, byCause } = processor.report().fetch ?? {};
    expect([byStatus, byError]).toEqual([{ "200": 1, "302": 3, "503": 1 }, {}]);
    expect(byCause).toEqual({ first: 1, retries: 1, redirects: 3, resent: 0, parents: 0 });
    const lines = readFileSync(log, "utf8").trimEnd().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { cause: string }).cause)).toEqual([
      "first",
      "redirects",
      "redirects",
      "retries",
      "redirects",
    ]);
  });

  test("a redirect goes to the breaker of the host it leads to", async () => {
    const settings = { retry: { max: 0 }, circuitBreaker: { failureThreshold: 2 } };
    const { time, one, count } = rig(settings, (_, url) =>
      url.includes("/moved") ? [302, { location: "http://127.0.0.2/" }] : url.includes("127.0.0.2") ? "ConnectionRefused" : 200,
    );
    for (let i = 0; i < 2; i++) expect(await time.run(one("http://127.0.0.1/moved"))).toBe("connection refused");
    expect(await time.run(one("http://127.0.0.1/moved"))).toBe("circuit open");
    expect(await time.run(one("http://127.0.0.1/well"))).toBeNull();
    expect([count("refused"), count("attempts")]).toEqual([1, 6]);
  });

  test("redirects share the time of one attempt", async () => {
    const { time, one, asked } = rig({ retry: { max: 0 }, timeout: "200ms" }, (n) => (n < 3 ? [302, { location: `/${n}` }] : "hang"));
    expect(await time.run(one())).toBe("timeout");
    expect([asked.length, time.now() / 1e6 < 225]).toEqual([3, true]);
  });

  test.each(["0", "Wed, 21 Oct 2015 07:28:00 GMT", "-5", "soon", "0.001"])(
    "Retry-After: %s is no leave to come sooner than the rule has it",
    async (after) => {
      const { time, asked, one } = rig({ retry }, (attempt) => (attempt < 4 ? [503, { "retry-after": after }] : 200));
      expect(await time.run(one())).toBeNull();
      expect(asked.map(({ at }) => Math.round(at))).toEqual([0, 105, 310, 715]);
    },
  );

  test.each([404, 429, 408, 301])("a probe that is answered %d closes the breaker: the host is there", async (status) => {
    const settings = { retry: { max: 0 }, circuitBreaker: { failureThreshold: 1, openFor: "1s" } };
    const { time, one, asked } = rig(settings, (n) => (n === 1 ? 503 : n === 2 ? status : 200));
    await time.run(one());
    expect(await time.run(one())).toBe("circuit open");
    await time.run(time.sleepUntil(2e9));
    expect(await time.run(one())).toBe(String(status));
    expect(await time.run(one())).toBeNull();
    expect(asked.length).toBe(3);
  });

  test("what could not be saved, or asked for want of files, closes no breaker", async () => {
    const settings = { retry: { max: 0 }, circuitBreaker: { failureThreshold: 1, openFor: "1s" } };
    const { time, one } = rig(settings, (n) => (n === 1 ? 503 : "EMFILE"));
    await time.run(one());
    await time.run(time.sleepUntil(2e9));
    expect(await time.run(one())).toBe("too many open files");
    expect(await time.run(one())).toBe("too many open files");
  });

  test("what is given up leaves a dead letter, a log line without its place, and a kept request", async () => {
    const folder = temporaryFolder();
    const files = { deadLetter: join(folder, "dead"), log: join(folder, "log"), requests: join(folder, "requests") };
    const { time, one, processor } = rig({ retry: { max: 1, baseDelay: "1ms", maxDelay: "1ms" } }, () => 503, files);
    await time.run(one("http://user:secret@127.0.0.1/5/2/3?token=1", 7));
    processor.report();
    const read = (file: string) =>
      readFileSync(file, "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(read(files.deadLetter)).toMatchObject([
      {
        url: "http://user:secret@127.0.0.1/5/2/3?token=1",
        reason: "503 after 2 attempts",
        attempts: 2,
        status: 503,
        correlationId: "run-7",
      },
    ]);
    expect(read(files.log)).toMatchObject(
      [1, 2].map((attempt) => ({ correlationId: "run-7", attempt, url: "http://127.0.0.1", status: 503, level: "warn" })),
    );
    expect(read(files.requests)).toMatchObject([{ index: 7, url: "http://127.0.0.1", outcome: "failed", status: 503, attempts: 2 }]);
  });

  test("no more requests are out than there are connections, and waves wait for their slowest", async () => {
    let out = 0;
    let most = 0;
    const { time, one, processor } = rig({ concurrency: { max: 4, window: "waves" }, connections: { max: 2 } }, () => 200);
    const tracked = async (i: number) => {
      out++;
      most = Math.max(most, out);
      await one(undefined, i);
      out--;
    };
    expect(processor.limit).toBe(Number.POSITIVE_INFINITY);
    const four = Promise.all([0, 1, 2, 3].map(tracked));
    expect(processor.limit).toBe(0);
    await time.run(four);
    expect(processor.limit).toBe(Number.POSITIVE_INFINITY);
    expect(most).toBe(4);
    expect(time.now() / 1e6).toBeWithin(9.9, 30);
  });

  test("halting breaks everything off and counts nothing more", async () => {
    const folder = join(temporaryFolder(), "halted");
    const { time, one, processor, count } = rig({ saveTo: folder }, () => "hang");
    const going = one();
    await time.run(time.sleepUntil(50e6));
    processor.halt();
    expect(await time.run(going)).toBe("stopped");
    expect([count("ok"), count("failed"), count("deadLettered"), count("inFlight")]).toEqual([0, 0, 0, 0]);
    expect([count("attempts"), processor.report().fetch?.byError]).toEqual([1, { stopped: 1 }]);
    expect(existsSync(folder) ? readdirSync(folder) : []).toEqual([]);
  });
});

test.each([{}, { rateLimit: { initial: 400 } }, { connections: { max: 1 } }])(
  "nothing goes out after a halt, however near it was to that: %j",
  async (settings) => {
    for (let turns = 0; turns < 12; turns++) {
      const { time, asked, one, processor, count } = rig({ ...settings, concurrency: { max: 3 } }, () => 200);
      const ends = Promise.all([0, 1, 2].map((key) => one(undefined, key)));
      for (let i = 0; i < turns; i++) await null;
      processor.halt();
      const out = asked.length;
      expect(await time.run(ends)).toEqual(["stopped", "stopped", "stopped"]);
      const { byStatus = {}, byError = {} } = processor.report().fetch ?? {};
      const told = [...Object.values(byStatus), ...Object.values(byError)].reduce((sum, each) => sum + each, 0);
      expect([asked.length, count("attempts"), told]).toEqual([out, out, out]);
    }
  },
);

describe("T-7 fates of the mock", () => {
  test("are the same for the same request, and as frequent as asked", () => {
    const mock = fetchSchema.parse({
      target: { mock: { errorRate: 0.1, resetRate: 0.05, stallRate: 0.02, latency: { min: "10ms", max: "20ms" } } },
    }).target?.mock;
    if (mock === undefined) throw new Error("unreachable");
    const kinds = new Map<string, number>();
    let latency = 0;
    for (let i = 0; i < 20_000; i++) {
      const fate = faultFor(mock, 1, `/${i}`);
      expect(faultFor(mock, 1, `/${i}`)).toEqual(fate);
      kinds.set(fate.kind, (kinds.get(fate.kind) ?? 0) + 1);
      latency += fate.delayMs / 20_000;
    }
    expect((kinds.get("error") ?? 0) / 20_000).toBeWithin(0.09, 0.11);
    expect((kinds.get("reset") ?? 0) / 20_000).toBeWithin(0.04, 0.06);
    expect((kinds.get("stall") ?? 0) / 20_000).toBeWithin(0.015, 0.025);
    expect(latency).toBeWithin(14.8, 15.2);
  });
});

test("errors have names", () => {
  expect(nameOf(Object.assign(new Error("x"), { code: "ENOSPC" }))).toBe("could not be saved");
  expect(nameOf(undefined)).toBe("error");
  expect(nameOf(new Error("self signed certificate: CERT"))).toBe("TLS");
  expect(
    new RequestSlot(() => new FetchTransport(true, () => Promise.reject(new Error("no"))), null).send(asking("http://h/"), "1"),
  ).resolves.toMatchObject({
    status: 0,
  });
});

test("reports of threads add up", () => {
  const byCause = { first: 1, retries: 1, redirects: 0, resent: 0, parents: 0 };
  const one = { byStatus: { "200": 1 }, byError: { timeout: 1 }, byHost: { h: { attempts: 2, errors: 1 } }, byCause };
  expect(mergeReports([one, one])).toEqual({
    byStatus: { "200": 2 },
    byError: { timeout: 2 },
    byHost: { h: { attempts: 4, errors: 2 } },
    byCause: { first: 2, retries: 2, redirects: 0, resent: 0, parents: 0 },
  });
});

test("a sawtooth that is halved spends its time at ln 2 of its peak", () => {
  expect(sawtoothMean(0.5)).toBeCloseTo(Math.LN2, 12);
  expect(sawtoothMean(0.9)).toBeCloseTo(0.948, 3);
});
