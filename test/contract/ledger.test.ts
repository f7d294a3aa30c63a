import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { hasContent, isIdempotent, METHODS } from "../../src/http/method.ts";
import { planCases } from "../../src/plan/plan.ts";
import { resolveScenario } from "../../src/scenario/load.ts";
import { YamlFile } from "../../src/scenario/yaml-file.ts";
import { NO_ACCESS } from "../../src/workloads/access.ts";
import { patience, rounds } from "../support/campaign.ts";
import { runHere } from "../support/case.ts";
import { temporaryFolder } from "../support/cli.ts";
import { FickleHttp2, HTTP2_WHIMS, type Http2Whim } from "../support/fickle-http2.ts";
import { FickleServer, type HeardRequest, WHIMS, type Whim } from "../support/fickle-server.ts";

setDefaultTimeout(patience(60_000));

const folder = temporaryFolder();
let runs = 0;

const settings = fc.record({
  mode: fc.constantFrom("sync", "async", "async", "parallel"),
  max: fc.integer({ min: 1, max: 12 }),
  connections: fc.integer({ min: 1, max: 12 }),
  keepAlive: fc.boolean(),
  retries: fc.integer({ min: 0, max: 3 }),
  breaker: fc.constantFrom(false, { failureThreshold: 3, openFor: "20ms" }),
  rateLimit: fc.constantFrom(false, false, { initial: 400, min: 100, max: 1000 }),
  saves: fc.boolean(),
  stops: fc.constantFrom(false, false, false, true),
  window: fc.constantFrom("sliding", "waves"),
  replicas: fc.boolean(),
  choose: fc.constantFrom("first", "round-robin"),
  method: fc.constantFrom("GET", "GET", ...METHODS),
  repeats: fc.constantFrom({}, {}, { idempotent: true }, { idempotencyKey: "X-Key" }),
  body: fc.constantFrom(undefined, "größe", { template: "{{number}} of {{key}}" }),
  cookies: fc.boolean(),
  expect: fc.constantFrom(
    undefined,
    { status: 200 },
    { status: [200, "204-299", 404, "5xx"] },
    { bodyContains: "ok" },
    { bodyContains: "absent" },
    { maxBytes: "50B" },
    { header: { "Content-Encoding": "gzip" } },
  ),
});

/** Whether an answer of a status ends a request by the status that it has, and not by that of an expectation. */
function isCountedAsItIs(expected: { readonly status?: unknown } | undefined, status: number): boolean {
  if (expected?.status === undefined || status === 200) return true;
  return Array.isArray(expected.status) && (status === 204 || status === 404 || status >= 500);
}

/** What each of two servers does, in turn: mostly well. */
const moods = fc.array(fc.oneof({ weight: 3, arbitrary: fc.constant<Whim>("well") }, { weight: 2, arbitrary: fc.constantFrom(...WHIMS) }), {
  minLength: 5,
  maxLength: 40,
});

type How = typeof settings extends fc.Arbitrary<infer T> ? T : never;

/** What is true of all that servers heard, whatever they did: bodies, keys, and what was asked once alone. */
function holdsOfRequests(requests: readonly HeardRequest[], { method, body, repeats }: How): void {
  const asked = new Map<string, number>();
  const keys = new Map<string, Set<string>>();
  for (const request of requests) {
    const [, item = ""] = /-(\d+)\.\d+$/.exec(request.fields["x-correlation-id"] ?? "") ?? [];
    if (request.path === `/${item}`) asked.set(item, (asked.get(item) ?? 0) + 1);
    const got = request.path.startsWith("/got/");
    if (got) expect(request.method).toBe(method === "HEAD" ? "HEAD" : "GET");
    const sent = hasContent(method) && request.method === method && !got;
    if (!sent || body === undefined) expect([request.path, request.body]).toEqual([request.path, ""]);
    else if (typeof body === "string") expect(Buffer.from(request.body, "latin1").toString()).toBe(body);
    else expect(request.body).toMatch(new RegExp(`^${item} of [0-9a-f-]{24}${Number(item).toString(16).padStart(12, "0")}$`));
    const key = request.fields["x-key"];
    if (key !== undefined) keys.set(item, (keys.get(item) ?? new Set()).add(key));
  }
  if (!isIdempotent(method) && Object.keys(repeats).length === 0) expect([...asked.values()].filter((times) => times > 1)).toEqual([]);
  if ("idempotencyKey" in repeats) {
    expect([...keys.values()].filter(({ size }) => size !== 1)).toEqual([]);
    expect(new Set([...keys.values()].flatMap((one) => [...one])).size).toBe(keys.size);
  }
}

const total = (counts: object): number => Object.values(counts).reduce((sum: number, count: number) => sum + count, 0);

/** What every server tells. */
interface Told {
  readonly heard: number;
  readonly stalled: number;
  readonly byStatus: ReadonlyMap<number, number>;
  /** Absent: it does not read what it is asked. */
  readonly requests?: readonly HeardRequest[];
  url(path: string): string;
  stop(): void;
}

/** Runs a case against two servers, and holds its ledger against what they tell. */
async function balanced(how: How, servers: readonly Told[], http: 1 | 2): Promise<void> {
  const list = Array.from({ length: 45 }, (_, i) => servers[i % 3 === 0 ? 1 : 0]?.url(`/${i}`));
  const log = join(folder, `log-${runs++}`);
  const places = { urls: servers.map((server) => server.url("/{z}/{x}/{y}")), choose: how.choose };
  const naming = how.replicas ? { saveAs: "tile" } : {};
  const fetch = {
    ...(how.replicas ? { target: places, tiles: { zoom: 3, count: 45 } } : { urls: list }),
    timeout: "150ms",
    deadline: "2s",
    concurrency: { max: how.max, window: how.window },
    connections: { max: how.connections, keepAlive: how.keepAlive },
    retry: { max: how.retries, baseDelay: "1ms", maxDelay: "3ms" },
    circuitBreaker: how.breaker,
    rateLimit: how.rateLimit,
    method: how.method,
    ...(hasContent(how.method) ? { body: how.body } : {}),
    ...how.repeats,
    cookies: how.cookies,
    ...(how.method === "HEAD" && how.expect !== undefined && "bodyContains" in how.expect ? {} : { expect: how.expect }),
    ...(how.saves && how.method !== "HEAD" ? { saveTo: join(folder, `saved-${runs}`), revalidate: how.method === "GET", ...naming } : {}),
    ...(how.stops ? { totalTimeout: "50ms" } : {}),
    http,
  };
  const whole = { title: "ledger", workload: "fetch", modes: [how.mode], parallel: { workers: 2 }, fetch };
  const { scenario } = resolveScenario(YamlFile.parse("ledger", JSON.stringify(whole)), join(folder, "ledger"));
  const [plan] = planCases([{ params: {}, scenario }], 2);
  if (plan === undefined) throw new Error("unreachable");
  const access = { ...NO_ACCESS, files: { ...NO_ACCESS.files, log } };
  const { result } = await runHere(plan, undefined, { access, rehearsal: 0, roundsPerMs: 1 });
  const { fetch: figures, checks, status } = result;
  for (const server of servers) server.stop();
  if (figures === undefined) throw new Error("unreachable");
  const { attempts, byStatus, byError, byHost, byCause = {}, phases, carriedByFetch = 0 } = figures;
  expect(checks?.filter(({ ok }) => !ok)).toEqual([]);
  expect(status).toBe(how.stops ? status : "completed");
  const lines = readFileSync(log, "utf8").split("\n").length - 1;
  const hosts = Object.values(byHost).reduce((sum, host) => sum + host.attempts, 0);
  expect([total(byStatus) + total(byError), total(byCause), hosts, lines]).toEqual([attempts, attempts, attempts, attempts]);
  // Each attempt has its time, and a connection that was made for it or kept, unless it never got that far.
  expect(phases?.attempt.count).toBe(attempts - (byError["stopped"] ?? 0));
  if (carriedByFetch === 0) expect((phases?.connect.count ?? 0) + (phases?.reused ?? 0)).toBeLessThanOrEqual(phases?.attempt.count ?? 0);
  // One that is broken off may never have got to the server.
  const heard = servers.reduce((sum, server) => sum + server.heard, 0);
  const stalled = servers.reduce((sum, server) => sum + server.stalled, 0);
  // A connection by HTTP/2 that breaks takes with it what its server had not read, and nobody can tell. Nor whether one that broke was read where
  // it is not sent again because that might be twice.
  const repeated = isIdempotent(how.method) || Object.keys(how.repeats).length > 0;
  const lost = http === 2 || !repeated ? (byError["connection closed"] ?? 0) : 0;
  const brokenOff = lost + (byError["timeout"] ?? 0) + (byError["deadline"] ?? 0) + (byError["stopped"] ?? 0);
  expect(attempts).toBeWithin(heard, heard + Math.max(0, brokenOff - (how.stops ? 0 : stalled)) + 1);
  holdsOfRequests(
    servers.flatMap(({ requests = [] }) => requests),
    how,
  );
  if (how.stops) return;
  // What a server answers may come too late, and by HTTP/2 go down with a connection that breaks for another's sake.
  const late = Math.max(0, brokenOff - (http === 2 ? 0 : lost) - stalled);
  let unexpected = 0;
  // One that is as it should be by its status may yet fail of its body or its fields.
  const byStatusAlone = fetch.expect === undefined || "status" in fetch.expect;
  for (const status of byStatusAlone ? [204, 404, 429, 500, 503] : [404, 429, 500, 503]) {
    const answered = servers.reduce((sum, server) => sum + (server.byStatus.get(status) ?? 0), 0);
    const counted = isCountedAsItIs(fetch.expect, status);
    const missing = (counted ? answered : 0) - (byStatus[status] ?? 0);
    expect([status, missing]).toEqual([status, Math.min(Math.max(0, missing), counted ? late : 0)]);
    if (!counted) unexpected += answered;
  }
  expect(unexpected - (byError["expect.status"] ?? 0)).toBeWithin(0, late + 1);
}

test("whatever servers do and however they are asked: attempts are what servers heard, and every one came to one end", async () => {
  await fc.assert(
    fc.asyncProperty(settings, moods, moods, async (how, mood, other) => {
      const servers: FickleServer[] = [];
      for (const whims of [mood, other]) {
        const at = servers.length;
        servers.push(
          new FickleServer(
            (n) => whims[n % whims.length] ?? "well",
            () => servers[1 - at]?.url("/else") ?? "",
          ),
        );
      }
      await balanced(how, servers, 1);
    }),
    { numRuns: rounds(4) },
  );
});

/** As `moods`, of servers that speak HTTP/2. */
const http2Moods = fc.array(
  fc.oneof({ weight: 3, arbitrary: fc.constant<Http2Whim>("well") }, { weight: 2, arbitrary: fc.constantFrom(...HTTP2_WHIMS) }),
  { minLength: 5, maxLength: 40 },
);

test("and by HTTP/2, where requests share connections that may be over at any time", async () => {
  await fc.assert(
    fc.asyncProperty(settings, http2Moods, http2Moods, fc.integer({ min: 1, max: 20 }), async (how, mood, other, most) => {
      const servers: FickleHttp2[] = [];
      for (const whims of [mood, other]) {
        const at = servers.length;
        servers.push(
          new FickleHttp2(
            (n) => whims[n % whims.length] ?? "well",
            () => servers[1 - at]?.url("/else") ?? "",
            most,
          ),
        );
      }
      await balanced({ ...how, keepAlive: true, method: "GET", expect: undefined }, servers, 2);
    }),
    { numRuns: rounds(4) },
  );
});
