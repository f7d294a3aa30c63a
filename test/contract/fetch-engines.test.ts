import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { AsyncEngine, SyncEngine, ThreadedEngine } from "../../src/index.ts";

setDefaultTimeout(60_000);

const asked = new Map<string, number>();
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch(request) {
    const { pathname } = new URL(request.url);
    asked.set(pathname, (asked.get(pathname) ?? 0) + 1);
    return new Response("x", { status: Number(pathname.slice(1, 4)) });
  },
});
afterAll(() => server.stop(true));
const at = (path: string) => `http://127.0.0.1:${server.port}/${path}`;

describe.each([
  ["SyncEngine", SyncEngine],
  ["ThreadedEngine", ThreadedEngine],
  ["AsyncEngine", AsyncEngine],
] as const)("%s", (name, Engine) => {
  test("gives one result for each address, in the order of the list, with what came of it", async () => {
    const urls = [at(`200/${name}`), "not an address", at(`404/${name}`), at(`503/${name}`), at(`204/${name}`)];
    const { results, successCount, errorCount, rps, p50LatencyMs, p95LatencyMs, p99LatencyMs, peakMemoryMb } = await new Engine({
      concurrency: 2,
      retry: { max: 1, baseDelayMs: 1, jitter: "none" },
    }).run(urls);
    expect(results.map(({ url }) => url)).toEqual(urls);
    expect(results.map(({ status, attempts }) => [status, attempts])).toEqual([
      [200, 1],
      [0, 0],
      [404, 1],
      [503, 2],
      [204, 1],
    ]);
    expect(results[1]?.error).toContain("must be");
    expect(results[0]).toMatchObject({ error: null });
    expect([successCount, errorCount]).toEqual([2, 3]);
    expect(asked.get(`/503/${name}`)).toBe(2);
    expect(rps).toBeGreaterThan(0);
    expect(p50LatencyMs > 0 && p50LatencyMs <= p95LatencyMs && p95LatencyMs <= p99LatencyMs).toBe(true);
    expect(peakMemoryMb > 10 && peakMemoryMb < 4000).toBe(true);
  });
});

describe("an engine", () => {
  test("refuses an empty list, a public host, and an option that is wrong, before anything is asked", async () => {
    expect(new AsyncEngine().run([])).rejects.toThrow("the list must hold at least one URL");
    expect(new AsyncEngine().run(["http://public.example/"])).rejects.toThrow("--allow-host public.example");
    expect(new AsyncEngine({ concurrency: 0 }).run([at("200/none")])).rejects.toThrow("fetch.concurrency.max");
    await Promise.resolve();
    expect(asked.get("/200/none")).toBeUndefined();
  });

  test("waits no longer between attempts than the longest that is asked for", async () => {
    const { results } = await new AsyncEngine({ retry: { max: 1, maxDelayMs: 1, jitter: "none" } }).run([at("503/soon")]);
    expect(results[0]?.attempts).toBe(2);
  });
});
