import { describe, expect, test } from "bun:test";
import { distributedMisfits, isRedisHere } from "../../../src/scenario/rules/distributed.ts";
import { scenarioSchema } from "../../../src/scenario/schema.ts";

const misfits = (value: object) =>
  distributedMisfits(scenarioSchema.parse({ title: "x", modes: ["distributed"], ...value })).map(
    ({ path, message }) => `${path.join(".")} ${message}`,
  );
const URLS = { urls: ["http://127.0.0.1:1/"] };
const requests = (fetch: object, more: object = {}) => misfits({ workload: "fetch", fetch: { ...URLS, ...fetch }, ...more });

describe("requests in mode distributed", () => {
  test("may be of any kind that workers on other hosts can send, and wherever they are", () => {
    const asked = { method: "POST", body: { template: "{{key}}" }, headers: { A: "b" }, cookies: true, http: 2, tls: { insecure: true } };
    expect(requests({ ...asked, fallback: "parent", deadLetter: "dead.ndjson", rateLimit: {}, circuitBreaker: {} })).toEqual([]);
    expect(requests({}, { distributed: { redis: "redis://10.0.0.5:6379" } })).toEqual([]);
  });

  test.each<[string, object]>([
    ["fetch.saveTo", { saveTo: "./tiles" }],
    ["fetch.unix", { unix: "/run/server.sock" }],
    ["fetch.tls.ca", { tls: { ca: "./ca.pem" } }],
    ["fetch.tls.passphrase", { tls: { passphrase: "open" } }],
    ["fetch.auth", { auth: { bearer: "env TOKEN" } }],
    ["fetch.headers", { headers: { Authorization: `Bearer \${TOKEN}` } }],
    ["fetch.concurrency.max", { concurrency: { max: "unlimited" } }],
    ["fetch.concurrency.max", { concurrency: { max: 1001 } }],
  ])("must not need what only this machine has: %s", (path, fetch) => {
    const found = requests(fetch);
    expect(found).toHaveLength(1);
    expect(found[0]).toStartWith(`${path} must `);
    expect(found[0]).toContain("mode distributed");
  });

  test("go to the mock where workers reach it: on the runner's machine", () => {
    const to = (redis: string) => requests({ urls: undefined, target: { mock: {} } }, { distributed: { redis } });
    for (const redis of ["auto", "redis://127.0.0.1:6379", "rediss://:secret@localhost", "redis://[::1]:1"]) expect(to(redis)).toEqual([]);
    expect(to("redis://10.0.0.5:6379")).toEqual([
      expect.stringMatching(/^fetch\.target\.mock must not stand with mode distributed over a Redis elsewhere/),
    ]);
    expect(isRedisHere("redis+unix:///run/redis.sock")).toBe(true);
  });

  test("are those of one process only, in other modes", () => {
    const value = { workload: "fetch", fetch: { ...URLS, saveTo: "./tiles", concurrency: { max: "unlimited" } } };
    expect(distributedMisfits(scenarioSchema.parse({ title: "x", modes: ["async"], ...value }))).toEqual([]);
  });
});

test("an application of parts does not run distributed", () => {
  expect(misfits({ workload: "flow", flow: {} })).toEqual([expect.stringContaining("modes must not hold distributed with workload flow")]);
});
