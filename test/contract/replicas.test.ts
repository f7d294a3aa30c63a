import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { planCases } from "../../src/plan/plan.ts";
import { resolveScenario } from "../../src/scenario/load.ts";
import { YamlFile } from "../../src/scenario/yaml-file.ts";
import { checkHosts } from "../../src/workloads/fetch/permission.ts";
import { Replicas } from "../../src/workloads/fetch/replicas.ts";
import { patience } from "../support/campaign.ts";
import { runHere } from "../support/case.ts";
import { temporaryFolder } from "../support/cli.ts";

setDefaultTimeout(patience(60_000));

/** A server that answers everything with one status, and counts. */
function serverOf(status: number) {
  let heard = 0;
  const paths: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      heard++;
      paths.push(new URL(request.url).pathname);
      return new Response("x", { status });
    },
  });
  return { host: `127.0.0.1:${server.port}`, heard: () => heard, paths, stop: () => server.stop(true) };
}

function scenarioOf(mode: string, fetch: object) {
  const whole = { title: "replicas", workload: "fetch", modes: [mode], parallel: { workers: 2 }, fetch };
  return resolveScenario(YamlFile.parse("replicas", JSON.stringify(whole)), join(temporaryFolder(), "replicas")).scenario;
}

async function ran(mode: string, fetch: object) {
  const [plan] = planCases([{ params: {}, scenario: scenarioOf(mode, fetch) }], 2);
  if (plan === undefined) throw new Error("unreachable");
  const { result } = await runHere(plan, undefined, { rehearsal: 0, roundsPerMs: 1 });
  if (result.fetch === undefined) throw new Error("unreachable");
  expect(result.checks?.filter(({ ok }) => !ok)).toEqual([]);
  return result.fetch;
}

const retry = { max: 1, baseDelay: "1ms", maxDelay: "1ms" };

describe.each(["sync", "async", "parallel"])("the same tiles at several places, %s", (mode) => {
  test("an attempt that fails is followed by one at the next, in the ledger of its own host", async () => {
    const [ill, well] = [serverOf(503), serverOf(200)];
    const urls = [`http://${ill.host}/{z}/{x}/{y}`, `http://${well.host}/tiles/{z}/{x}/{-y}`];
    const { ok, attempts, retries, byHost } = await ran(mode, { target: { urls }, tiles: { zoom: 2, count: 12 }, retry });
    expect([ok, attempts, retries]).toEqual([12, 24, 12]);
    expect(byHost).toEqual({ [ill.host]: { attempts: 12, errors: 12 }, [well.host]: { attempts: 12, errors: 0 } });
    expect([ill.heard(), well.heard()]).toEqual([12, 12]);
    // Each tile by the address that it has there.
    expect(new Set(well.paths)).toEqual(
      new Set(ill.paths.map((path) => path.replace(/\/(\d+)$/, (_, y) => `/${3 - y}`)).map((path) => `/tiles${path}`)),
    );
    for (const server of [ill, well]) server.stop();
  });

  test("a place whose circuit is open is passed by without an attempt", async () => {
    const [ill, well] = [serverOf(500), serverOf(200)];
    const urls = [ill, well].map(({ host }) => `http://${host}/{z}/{x}/{y}`);
    const breaker = { failureThreshold: 3, openFor: "60s" };
    const fetch = { target: { urls }, tiles: { zoom: 5, count: 40 }, retry, circuitBreaker: breaker, concurrency: { max: 1 } };
    const { ok, failed, byHost, refusedByBreaker } = await ran(mode, fetch);
    expect([ok, failed, refusedByBreaker]).toEqual([40, 0, 0]);
    expect(byHost).toEqual({ [ill.host]: { attempts: 3, errors: 3 }, [well.host]: { attempts: 40, errors: 0 } });
    for (const server of [ill, well]) server.stop();
  });

  test("in turn, each has its share; one that is not there has none that ends well", async () => {
    const [one, other, gone] = [serverOf(200), serverOf(200), serverOf(200)];
    gone.stop();
    const urls = [one, other, gone].map(({ host }) => `http://${host}/{z}/{x}/{y}`);
    const { ok, byHost, byError } = await ran(mode, { target: { urls, choose: "round-robin" }, tiles: { zoom: 5, count: 30 }, retry });
    expect([ok, byError]).toEqual([30, { "connection refused": 10 }]);
    expect(byHost).toEqual({
      [one.host]: { attempts: 20, errors: 0 },
      [other.host]: { attempts: 10, errors: 0 },
      [gone.host]: { attempts: 10, errors: 10 },
    });
    for (const server of [one, other]) server.stop();
  });

  test("where no circuit is closed nothing is asked", async () => {
    const [ill, worse] = [serverOf(500), serverOf(503)];
    const urls = [ill, worse].map(({ host }) => `http://${host}/{z}/{x}/{y}`);
    const breaker = { failureThreshold: 2, openFor: "60s" };
    const fetch = { target: { urls }, tiles: { zoom: 5, count: 20 }, retry, circuitBreaker: breaker, concurrency: { max: 1 } };
    const { ok, failed, attempts, refusedByBreaker } = await ran(mode, fetch);
    expect([ok, failed, attempts, refusedByBreaker]).toEqual([0, 20, 4, 18]);
    for (const server of [ill, worse]) server.stop();
  });
});

test("every place needs leave where it is far away", () => {
  const urls = ["http://127.0.0.1:1/{z}/{x}/{y}", "http://a.example/{z}/{x}/{y}"];
  expect(() => checkHosts(scenarioOf("async", { target: { urls } }), [])).toThrow("--allow-host a.example");
  expect(() => checkHosts(scenarioOf("async", { target: { urls } }), ["a.example"])).not.toThrow();
});

test("what is no tile of the first place is there alone", () => {
  const replicas = new Replicas(["http://a/{z}/{x}/{y}", "http://b/{z}-{x}-{-y}"], "round-robin");
  expect(replicas.of("http://a/2/1/0")).toEqual(["http://a/2/1/0", "http://b/2-1-3"]);
  expect(replicas.of("http://a/else")).toBeNull();
  expect([0, 1, 2, 3].map((index) => replicas.firstOf(index))).toEqual([0, 1, 0, 1]);
});
