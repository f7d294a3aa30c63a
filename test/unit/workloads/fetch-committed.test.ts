import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Item } from "../../../src/queueing/item.ts";
import { fetchSchema } from "../../../src/scenario/fetch-schema.ts";
import { PHASES, PhaseRecorder } from "../../../src/telemetry/request-phases.ts";
import { CommittedFigures } from "../../../src/workloads/fetch/committed-figures.ts";
import { type ItemRecord, readItemRecord } from "../../../src/workloads/fetch/item-figures.ts";
import { LiveFigures } from "../../../src/workloads/fetch/live-figures.ts";
import { fetchMemory } from "../../../src/workloads/fetch/memory.ts";
import { fetchOfWorker, portableFetch } from "../../../src/workloads/fetch/portable.ts";
import { type FetchFiles, Records } from "../../../src/workloads/fetch/records.ts";
import { COUNT } from "../../../src/workloads/fetch/report.ts";
import type { FetchSpec } from "../../../src/workloads/fetch/spec.ts";
import { temporaryFolder } from "../../support/cli.ts";
import { rig } from "../../support/fetch-rig.ts";

const NO_FILES = { deadLetter: null, log: null, logUrls: false, requests: null };
const SETTINGS = { retry: { max: 2, baseDelay: "1ms", jitter: "none" }, deadline: "1s", timeout: "100ms", rateLimit: { initial: 1000 } };

/** A server that fails in each way now and then. */
function answer(attempt: number): number | string | [number, Record<string, string>] {
  if (attempt % 11 === 0) return "ECONNRESET";
  if (attempt % 7 === 0) return [302, { location: "/elsewhere" }];
  if (attempt % 5 === 0) return [429, { "retry-after": "0" }];
  return attempt % 3 === 0 ? 503 : attempt % 4 === 0 ? 404 : 200;
}

const item = (key: number) => Object.assign(new Item(), { key, index: key, payload: `http://127.0.0.1/5/${key}/3` });

function book(files: Partial<FetchFiles> = {}) {
  const shared = fetchMemory(1);
  const records = new Records({ files: { ...NO_FILES, ...files }, base: null, runId: "run" });
  const flight = new Int32Array(shared.flight);
  const figures = new CommittedFigures(new LiveFigures({ shared }, 0), flight, records);
  const phases = new PhaseRecorder(shared.phases[0]);
  return { figures, flight, phases, counts: new Float64Array(shared.counts[0] as SharedArrayBuffer) };
}

/** Fetches some items on a worker's processor, one after the other; what each is committed with crosses as JSON. */
async function recordsOf(count: number, files: Partial<FetchFiles> = {}) {
  const { processor, time, count: kept } = rig(SETTINGS, answer, files, null, true);
  const told: { readonly item: Item; readonly reason: string | null; readonly figures: unknown }[] = [];
  await time.run(
    (async () => {
      for (let key = 0; key < count; key++) {
        const reason = await processor.process(item(key));
        told.push({ item: item(key), reason, figures: JSON.parse(JSON.stringify(processor.figuresOf(item(key)))) });
      }
    })(),
  );
  return { told, kept, processor };
}

const linesOf = (file: string) =>
  readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe("figures of requests that workers commit", () => {
  test("are those of the same requests sent here, however they failed, and nothing counts before its commit", async () => {
    const { told, kept } = await recordsOf(40);
    expect([kept("attempts"), kept("ok"), kept("failed"), kept("bytes"), kept("inFlight")]).toEqual([0, 0, 0, 0, 0]);
    const { figures, counts } = book();
    for (const one of told) figures.add({ ...one, host: "a", took: 1e6, ago: 1e6 });
    const here = rig(SETTINGS, answer);
    await here.time.run(
      (async () => {
        for (let key = 0; key < 40; key++) await here.processor.process(item(key));
      })(),
    );
    const report = here.processor.report().fetch;
    expect(figures.report).toMatchObject({
      byStatus: report?.byStatus ?? {},
      byError: report?.byError ?? {},
      byCause: report?.byCause ?? {},
    });
    expect(figures.report.byHost).toEqual(report?.byHost ?? {});
    const levels: readonly string[] = ["size", "limit", "peak"];
    for (const what of Object.keys(COUNT).filter((name) => !levels.includes(name)) as (keyof typeof COUNT)[])
      expect({ what, count: counts[COUNT[what]] }).toEqual({ what, count: here.count(what) });
    expect(figures.report.byCause).toMatchObject({ first: expect.any(Number), retries: expect.any(Number), redirects: expect.any(Number) });
    expect([counts[COUNT.ok], counts[COUNT.failed], counts[COUNT.retries]].every((count) => (count ?? 0) > 0)).toBe(true);
  });

  test("hold levels at once, and what is asked for once", async () => {
    const { processor, time, count } = rig({}, () => 200, {}, null, true);
    await time.run(
      (async () => {
        const ended = processor.process(item(3));
        await time.sleepUntil(2e6);
        expect([count("inFlight"), count("attempts")]).toEqual([1, 0]);
        await ended;
      })(),
    );
    expect(count("inFlight")).toBe(0);
    expect(processor.figuresOf(item(3))).toMatchObject({
      outcome: "ok",
      status: 200,
      attempts: 1,
      levels: { inFlight: 0, peak: 1, limit: 10 },
    });
    expect(processor.figuresOf(item(3))).toBeUndefined();
  });

  test("hold the phases of each request", async () => {
    const { told } = await recordsOf(5);
    const { figures, phases } = book();
    for (const one of told) figures.add({ ...one, host: "a", took: 1, ago: 1 });
    const attempts = told.reduce((sum, one) => sum + (one.figures as ItemRecord).attempts, 0);
    expect([phases.of("attempt").count, phases.of("attempt").min, phases.of("connect").count, phases.reused]).toEqual([
      attempts,
      5e6,
      0,
      0,
    ]);
    const [one] = told as [(typeof told)[number]];
    const more: object = { ...(one.figures as ItemRecord), reused: 2, phases: [[PHASES.indexOf("connect"), 7e6]] };
    figures.add({ ...one, host: "a", took: 1, ago: 1, figures: more });
    expect([phases.of("connect").count, phases.of("connect").max, phases.reused]).toEqual([1, 7e6, 2]);
  });

  test("of an item that another worker committed first do not count", async () => {
    const { told } = await recordsOf(3);
    const { figures, counts } = book();
    // Of the second only one of two fetches is committed: the other one's record is never read.
    for (const one of told.slice(0, 2)) figures.add({ ...one, host: "a", took: 1, ago: 1 });
    expect((counts[COUNT.ok] ?? 0) + (counts[COUNT.failed] ?? 0)).toBe(2);
  });

  test("levels are the workers' together, without those of one that is lost", async () => {
    const { told } = await recordsOf(1);
    const { figures, flight, counts } = book();
    const [one] = told;
    const levels = (inFlight: number, breaker: number, rate: number) => ({
      inFlight,
      waiting: 1,
      limit: 10,
      peak: inFlight + 2,
      breaker,
      rate,
    });
    const from = (host: string, own: object) =>
      figures.add({ ...(one as NonNullable<typeof one>), host, took: 1, ago: 1, figures: { ...(one?.figures as object), levels: own } });
    from("a", levels(3, 2, 100));
    from("b", levels(4, 1, 50));
    const shown = () => [counts[COUNT.inFlight], counts[COUNT.waiting], counts[COUNT.limit], flight[1], figures.breaker, figures.rate];
    expect(shown()).toEqual([7, 2, 20, 11, 1, 150]);
    from("a", levels(1, 0, 100));
    figures.lost("b");
    expect(shown()).toEqual([1, 1, 10, 9, 0, 100]);
  });

  test("that cannot be read leave the item counted, and are told", () => {
    const { figures, counts } = book();
    for (const [reason, said] of [
      [null, undefined],
      ["why", { outcome: "ok" }],
      [null, "x"],
    ] as const)
      figures.add({ item: item(1), host: "a", reason, took: 1, ago: 1, figures: said });
    expect([figures.unread, counts[COUNT.ok], counts[COUNT.failed], counts[COUNT.attempts]]).toEqual([3, 2, 1, 0]);
  });

  test("come with dead letters and a line for each request, which the runner writes", async () => {
    const folder = temporaryFolder();
    const [deadLetter, requests] = [join(folder, "dead.ndjson"), join(folder, "requests.ndjson")];
    const { told } = await recordsOf(12);
    const { figures, counts } = book({ deadLetter, requests });
    for (const one of told) figures.add({ ...one, host: "a", took: 5e6, ago: 5e6 });
    expect(figures.report.problems).toEqual([]);
    expect(linesOf(requests).map(({ index, outcome }) => [index, outcome])).toEqual(
      told.map(({ reason }, index) => [index, reason === null ? "ok" : "failed"]),
    );
    expect(linesOf(deadLetter).map(({ url, reason }) => [url, reason])).toEqual(
      told.flatMap(({ item: { payload }, reason }) => (reason === null ? [] : [[payload, reason]])),
    );
    expect(counts[COUNT.deadLettered]).toBe(linesOf(deadLetter).length);
  });

  test.each([false, true])(
    "come with their attempts for the log, which the runner writes as its own (whole addresses: %p)",
    async (logUrls) => {
      const folder = temporaryFolder();
      const [there, here] = [join(folder, "there.ndjson"), join(folder, "here.ndjson")];
      const { told } = await recordsOf(12, { log: there, logUrls });
      const { figures } = book({ log: there, logUrls });
      const from = Date.now();
      for (const one of told) figures.add({ ...one, host: "a", took: 1, ago: 60e9 });
      figures.flush();
      const until = Date.now();
      const own = rig(SETTINGS, answer, { log: here, logUrls });
      await own.time.run(
        (async () => {
          for (let key = 0; key < 12; key++) await own.processor.process(item(key));
        })(),
      );
      own.processor.report();
      const untimed = (file: string) => linesOf(file).map(({ time: _, ...line }) => line);
      expect(untimed(there)).toEqual(untimed(here));
      expect(untimed(there).filter(({ cause }) => cause === "redirects").length).toBeGreaterThan(0);
      // Each item began a minute before it was recorded, and its attempts take 5 ms.
      for (const { time } of linesOf(there)) expect(Date.parse(String(time)) + 60_000).toBeWithin(from + 4, until + 100);
      expect([figures.unlogged, figures.report.problems]).toEqual([0, []]);
    },
  );

  test("tell of attempts only where there is a log, no more than there is room for, and what is missing is counted", async () => {
    const { told } = await recordsOf(3);
    expect(told.some(({ figures }) => "log" in (figures as ItemRecord))).toBe(false);
    const log = join(temporaryFolder(), "log.ndjson");
    const { figures } = book({ log });
    for (const one of told) figures.add({ ...one, host: "a", took: 1, ago: 1 });
    expect(figures.unlogged).toBe(told.reduce((sum, one) => sum + (one.figures as ItemRecord).by.length, 0));
    const { processor, time } = rig(SETTINGS, () => 503, { log, logUrls: true }, null, true);
    const long = Object.assign(item(1), { payload: `http://127.0.0.1/${"x".repeat(400_000)}` });
    await time.run(processor.process(long));
    const record = processor.figuresOf(long) as ItemRecord;
    expect([record.by.length, record.log?.length]).toEqual([3, 2]);
  });

  test("what is no record is not read", async () => {
    const { told } = await recordsOf(1);
    const good = told[0]?.figures as Record<string, unknown>;
    expect(readItemRecord(good)).not.toBeNull();
    const bad: [string, unknown][] = [
      ["outcome", "well"],
      ["status", "200"],
      ["counts", [[99, 1]]],
      ["counts", [[0, Number.NaN]]],
      ["by", [["h", 200, null, 7]]],
      ["by", [["h".repeat(9999), 200, null, 0]]],
      ["phases", [[5, 1]]],
      ["levels", { inFlight: 1 }],
      ["error", 5],
      ["log", [[1, "no address", 5, 1, 1]]],
      ["log", [[1, "http://127.0.0.1/", 5, 1]]],
      ["log", [[1, "http://127.0.0.1/", 5, 1, "1"]]],
      ["log", Array(99).fill([1, "http://127.0.0.1/", 5, 1, 1])],
    ];
    for (const [field, value] of bad) expect({ field, read: readItemRecord({ ...good, [field]: value }) }).toEqual({ field, read: null });
    for (const value of [null, 1, "x", []]) expect(readItemRecord(value)).toBeNull();
  });

  test("is read up to the end of every list and text, and not beyond it", async () => {
    const { told } = await recordsOf(1);
    const good = told[0]?.figures as ItemRecord;
    const levels = (change: object) => ({ ...good.levels, ...change });
    const edges: [keyof ItemRecord, taken: unknown, refused: unknown][] = [
      ["error", "x".repeat(500), "x".repeat(501)],
      ["counts", [[COUNT.size - 1, 1]], [[COUNT.size, 1]]],
      ["counts", [[0, 1]], [[-1, 1]]],
      ["counts", [[1, 1]], [[1.5, 1]]],
      ["counts", Array(10_000).fill([0, 1]), Array(10_001).fill([0, 1])],
      ["counts", [], [0]],
      ["phases", [[PHASES.length - 1, 1]], [[PHASES.length, 1]]],
      ["by", [["h".repeat(500), 200, null, 0]], [["h".repeat(501), 200, null, 0]]],
      ["by", [["h", 200, "x".repeat(500), 0]], [["h", 200, "x".repeat(501), 0]]],
      ["by", [["h", 200, null, 4]], [["h", 200, null, 5]]],
      ["by", [["h", 0, null, 0]], [["h", "0", null, 0]]],
      ["by", [["h", 0, null, 0]], [[0, 0, null, 0]]],
      ["levels", levels({ breaker: 2 }), levels({ breaker: 3 })],
      ["levels", levels({ rate: null }), levels({ rate: "1" })],
      ["levels", levels({ rate: 1 }), levels({ rate: Number.NaN })],
      ["levels", levels({ peak: 0 }), levels({ peak: null })],
      ["levels", levels({}), null],
      ["outcome", "degraded", ""],
      ["outcome", "failed", undefined],
      ["reused", 0, Number.POSITIVE_INFINITY],
    ];
    for (const [field, taken, refused] of edges) {
      const read = [taken, refused].map((value) => readItemRecord({ ...good, [field]: value }) !== null);
      expect({ field, refused, read }).toEqual({ field, refused, read: [true, false] });
    }
  });
});

describe("requests on a worker", () => {
  const spec = (settings: object): FetchSpec => ({
    ...{ settings: fetchSchema.parse(settings), base: "http://127.0.0.1/{z}/{x}/{y}", bases: [], allowedHosts: ["example.com"] },
    ...{ seed: 3, warmup: 5, runId: "run", keys: "k", body: new Uint8Array([0, 200, 255]), concurrency: [1], shared: fetchMemory(1) },
    ...{ apart: false, logged: "none", files: { ...NO_FILES, deadLetter: "/dead" } },
  });
  const crossed = (settings: object, threads: number) =>
    fetchOfWorker(JSON.parse(JSON.stringify(portableFetch(spec(settings)))) as ReturnType<typeof portableFetch>, threads);

  test("are made of what the runner's are, without its list and its files", () => {
    const there = crossed({ urls: ["http://127.0.0.1/a"], concurrency: { max: 7 }, headers: { a: "b" } }, 3);
    const { settings } = spec({ concurrency: { max: 7 }, headers: { a: "b" } });
    expect(there).toMatchObject({
      settings,
      base: "http://127.0.0.1/{z}/{x}/{y}",
      seed: 3,
      warmup: 5,
      runId: "run",
      keys: "k",
      apart: true,
    });
    expect([there.settings.urls, there.body, there.files.deadLetter]).toEqual([undefined, new Uint8Array([0, 200, 255]), null]);
  });

  test.each([
    [{ concurrency: { max: 7 } }, 3, [3, 2, 2]],
    [{ concurrency: { max: 2 } }, 4, [1, 1]],
    [{ concurrency: { max: 8 }, connections: { max: 2 } }, 4, [4, 4]],
    [{ concurrency: { max: 5 } }, 1, [5]],
  ])("keep to the limits with all threads together: %p on %p threads", (settings, threads, each) => {
    expect(crossed(settings, threads).concurrency).toEqual(each);
  });

  test("go only where they may, whatever a stream says", () => {
    const { processor } = rig({}, () => 200, {}, null, true);
    const read = (text: string) => {
      const one = new Item();
      processor.fromJson(text, one);
      return one.payload;
    };
    expect(read('"http://127.0.0.1:8080/a?b"')).toBe("http://127.0.0.1:8080/a?b");
    for (const text of ['"http://example.com/"', '"http://169.254.169.254/"', '"file:///etc/passwd"', '"no address"', "7", "{"])
      expect(() => read(text)).toThrow();
  });
});
