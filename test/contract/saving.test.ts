import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ResponseHead } from "../../src/http/transport.ts";
import { planCases } from "../../src/plan/plan.ts";
import { resolveScenario } from "../../src/scenario/load.ts";
import { YamlFile } from "../../src/scenario/yaml-file.ts";
import { Saver } from "../../src/workloads/fetch/save.ts";
import { patience } from "../support/campaign.ts";
import { runHere } from "../support/case.ts";
import { temporaryFolder } from "../support/cli.ts";

setDefaultTimeout(patience(60_000));

const PNG = { "content-type": "image/png" };

/** A server of tiles, each with a version of its own, and what it heard. */
function tileServer(fields: Record<string, string> = PNG) {
  const heard: { readonly path: string; readonly condition: string | null; readonly since: string | null }[] = [];
  const versions = new Map<string, number>();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      const { pathname } = new URL(request.url);
      const etag = `"${pathname}-${versions.get(pathname) ?? 1}"`;
      const condition = request.headers.get("if-none-match");
      heard.push({ path: pathname, condition, since: request.headers.get("if-modified-since") });
      const headers = { ...fields, etag, "last-modified": "Mon, 01 Jan 2024 00:00:00 GMT" };
      return condition === etag ? new Response(null, { status: 304, headers }) : new Response(`body of ${etag}`, { headers });
    },
  });
  const change = (path: string) => versions.set(path, (versions.get(path) ?? 1) + 1);
  return { base: `http://127.0.0.1:${server.port}/{z}/{x}/{y}`, heard, change, stop: () => server.stop(true) };
}

async function ran(mode: string, fetch: object) {
  const whole = { title: "saving", workload: "fetch", modes: [mode], parallel: { workers: 2 }, fetch };
  const { scenario } = resolveScenario(YamlFile.parse("saving", JSON.stringify(whole)), join(temporaryFolder(), "saving"));
  const [plan] = planCases([{ params: {}, scenario }], 2);
  if (plan === undefined) throw new Error("unreachable");
  const { result } = await runHere(plan, undefined, { rehearsal: 0, roundsPerMs: 1 });
  if (result.fetch === undefined) throw new Error("unreachable");
  return { ...result.fetch, checks: result.checks?.filter(({ ok }) => !ok), ledger: result.ledger };
}

describe.each(["sync", "async", "parallel"])("bodies that are kept, %s", (mode) => {
  test("as z/x/y with the extension of what they are, and asked for again only where they have changed", async () => {
    const server = tileServer();
    const saveTo = join(temporaryFolder(), "tiles");
    const fetch = { target: { url: server.base }, tiles: { zoom: 1, count: 4 }, saveTo, saveAs: "tile", revalidate: true };
    const first = await ran(mode, fetch);
    expect([first.ok, first.notModified, first.byStatus]).toEqual([4, 0, { "200": 4 }]);
    expect(readFileSync(join(saveTo, "1", "1", "0.png"), "utf8")).toBe('body of "/1/1/0-1"');
    server.change("/1/0/1");
    server.heard.length = 0;
    const second = await ran(mode, fetch);
    expect([second.ok, second.failed, second.notModified, second.attempts]).toEqual([4, 0, 3, 4]);
    expect([second.byStatus, second.checks]).toEqual([{ "200": 1, "304": 3 }, []]);
    expect(
      server.heard.map(({ path, condition, since }) => [condition === `"${path}-1"`, since]).every(([known, since]) => known && since),
    ).toBe(true);
    expect(readFileSync(join(saveTo, "1", "0", "1.png"), "utf8")).toBe('body of "/1/0/1-2"');
    expect(readFileSync(join(saveTo, "1", "1", "0.png"), "utf8")).toBe('body of "/1/1/0-1"');
    // Nothing unfinished is left.
    expect(readdirSync(saveTo)).toEqual(["1"]);
    server.stop();
  });

  test("what lies there no more, or was changed by hand to what nobody wrote, is asked for without a condition", async () => {
    const server = tileServer();
    const saveTo = join(temporaryFolder(), "tiles");
    const fetch = { target: { url: server.base }, tiles: { zoom: 1, count: 4 }, saveTo, saveAs: "tile", revalidate: true };
    await ran(mode, fetch);
    rmSync(join(saveTo, "1", "0", "0.png"));
    writeFileSync(join(saveTo, "1", "0", ".1.json"), "not JSON");
    writeFileSync(join(saveTo, "1", "1", ".0.json"), JSON.stringify({ file: "../../../../etc/passwd", etag: '"x"' }));
    writeFileSync(join(saveTo, "1", "1", ".1.json"), JSON.stringify({ file: "1.png", etag: '"x"\r\nhost: elsewhere' }));
    server.heard.length = 0;
    const { ok, byStatus } = await ran(mode, fetch);
    expect([ok, byStatus]).toEqual([4, { "200": 4 }]);
    expect(server.heard.map(({ condition, since }) => [condition, since])).toEqual(Array(4).fill([null, null]));
    server.stop();
  });
});

test("a 304 that nobody asked for is no answer", async () => {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response(null, { status: 304 }) });
  const { ok, failed, notModified } = await ran("async", {
    urls: [`http://127.0.0.1:${server.port}/a`],
    revalidate: true,
    saveTo: temporaryFolder(),
  });
  expect([ok, failed, notModified]).toEqual([0, 1, 0]);
  server.stop(true);
});

test("of a tile around that stands in, nothing is known of the one that was asked for", async () => {
  let answers = 0;
  const conditions: (string | null)[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      conditions.push(request.headers.get("if-none-match"));
      return answers++ === 0 ? new Response(null, { status: 404 }) : new Response("parent", { headers: { etag: '"parent"', ...PNG } });
    },
  });
  const target = { url: `http://127.0.0.1:${server.port}/{z}/{x}/{y}` };
  const fetch = { target, tiles: { zoom: 1, count: 1 }, saveTo: temporaryFolder(), saveAs: "tile", revalidate: true, fallback: "parent" };
  expect((await ran("async", fetch)).degraded).toBe(1);
  expect((await ran("async", fetch)).ok).toBe(1);
  expect(conditions).toEqual([null, null, null]);
  server.stop(true);
});

const head = (fields: Readonly<Record<string, string>>): ResponseHead => ({
  status: 200,
  field: (name) => fields[name] ?? null,
  setCookies: () => [],
});

describe("the file of a tile", () => {
  const base = "http://h/{z}/{x}/{y}.png";
  const save = (saver: Saver, url: string, fields: Readonly<Record<string, string>>) => {
    const saved = saver.begin(url, head(fields));
    saved.write(new TextEncoder().encode("body"));
    saved.commit();
  };

  test.each([
    ["image/png", "5.png"],
    ["IMAGE/JPEG; q=1", "5.jpg"],
    ["application/vnd.mapbox-vector-tile", "5.mvt"],
    ["../../../../etc/passwd", "5"],
    ["constructor", "5"],
    ["image/png\0.sh", "5"],
    ["", "5"],
  ])("of type %j is %s, whatever its address ends with", (type, name) => {
    const folder = temporaryFolder();
    const saver = new Saver(folder, 0, { naming: "tile", base });
    save(saver, "http://h/3/4/5.png", { "content-type": type });
    expect(readdirSync(join(folder, "3", "4"))).toEqual([name]);
    expect(saver.has("http://h/3/4/5.png")).toBe(true);
  });

  test("of another kind takes the place of the one before, and of what was known of it", () => {
    const folder = temporaryFolder();
    const saver = new Saver(folder, 0, { naming: "tile", base, revalidates: true });
    save(saver, "http://h/3/4/5.png", { "content-type": "image/png", etag: '"1"' });
    expect(saver.conditions("http://h/3/4/5.png")).toEqual(['If-None-Match: "1"']);
    save(saver, "http://h/3/4/5.png", { "content-type": "image/webp" });
    expect(readdirSync(join(folder, "3", "4"))).toEqual(["5.webp"]);
    expect(saver.conditions("http://h/3/4/5.png")).toEqual([]);
  });

  test.each([
    "http://h/3/../../../../etc/passwd.png",
    "http://h/3/4/..%2f..%2fetc.png",
    "http://h/3/4/5.png/../../../x",
    "http://h/../3/4/5.png?../../x",
    "http://other/3/4/5.png",
  ])("%s leads out of no folder", (url) => {
    const outside = temporaryFolder();
    const folder = join(outside, "a", "b", "c");
    const saver = new Saver(folder, 0, { naming: "tile", base, revalidates: true });
    save(saver, url, { "content-type": "image/png", etag: '"1"' });
    expect(saver.has(url)).toBe(true);
    expect(saver.conditions(url)).toEqual(['If-None-Match: "1"']);
    expect([readdirSync(outside), readdirSync(join(outside, "a")), readdirSync(join(outside, "a", "b"))]).toEqual([["a"], ["b"], ["c"]]);
  });

  test("that cannot be where a file is in its way is not there, and what was there stays", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "3"), "in the way");
    const saver = new Saver(folder, 0, { naming: "tile", base });
    expect(() => saver.begin("http://h/3/4/5.png", head(PNG))).toThrow();
    mkdirSync(join(folder, "4", "4", "5.png"), { recursive: true });
    const saved = saver.begin("http://h/4/4/5.png", head(PNG));
    expect(() => saved.commit()).toThrow();
    saved.discard();
    expect([existsSync(join(folder, "4", "4", "5.png")), readFileSync(join(folder, "3"), "utf8")]).toEqual([true, "in the way"]);
    expect(readdirSync(folder).sort()).toEqual(["3", "4"]);
  });
});
