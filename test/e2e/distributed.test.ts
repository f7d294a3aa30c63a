import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { RunnerResult } from "../../src/engine/protocol.ts";
import { Random } from "../../src/kernel/random.ts";
import { RedisConnection } from "../../src/kernel/redis/connection.ts";
import { type Scenario, scenarioSchema } from "../../src/scenario/schema.ts";
import { imbalance } from "../../src/telemetry/ledger.ts";
import type { Snapshot } from "../../src/telemetry/sample.ts";
import { addSample } from "../../src/telemetry/series.ts";
import { NO_ACCESS } from "../../src/workloads/access.ts";
import { patience, rounds } from "../support/campaign.ts";
import { runHere } from "../support/case.ts";
import { cleanEnv, MAIN, ROOT, temporaryFolder } from "../support/cli.ts";
import { expectedDigest } from "../support/expected-digest.ts";
import { WorkerHere, WorkerProcess } from "../support/lab-workers.ts";
import { LossyProxy } from "../support/lossy-proxy.ts";
import { CAN_NETWORK, NamespaceHost } from "../support/network-namespaces.ts";
import { HAS_REDIS, RedisServer } from "../support/redis-server.ts";
import { planOf } from "../support/virtual-setup.ts";

setDefaultTimeout(patience(60_000));

const KEPT = HAS_REDIS ? await RedisServer.start("--appendonly", "yes", "--appendfsync", "everysec") : null;
afterAll(() => KEPT?.stop());

/** Milliseconds of a lease. */
const CLAIM_AFTER = 300;

/** A second of messages of a millisecond each, in batches of some size. */
function scenarioOf(round: number, more: object = {}): Scenario {
  const random = new Random(round, "faults");
  return scenarioSchema.parse({
    title: "faults",
    seed: round + 1,
    load: { executor: "constant-arrival-rate", rate: 1000, duration: "1s" },
    keys: { count: 2 + random.below(30) },
    work: { kind: "sleep", time: "1ms" },
    queue: { capacity: 20 + random.below(500) },
    gracefulStop: "20s",
    distributed: {
      redis: KEPT?.url ?? "auto",
      partitions: 1 + random.below(16),
      batch: [1, 3, 10, 40][random.below(4)] ?? 10,
      claimAfter: `${CLAIM_AFTER}ms`,
    },
    ...more,
  });
}

/** Runs a case with two workers in processes of their own, one of which has something happen to it a while after the start. */
async function faulty(
  given: Scenario,
  afterMs: number,
  what: (worker: WorkerProcess) => Promise<void>,
  start = (name: string) => new WorkerProcess(given.distributed.redis, name),
): Promise<RunnerResult> {
  const workers = [start("steady"), start("faulty")] as const;
  try {
    await listed(given.distributed.redis, 2);
    let happened: Promise<void> = Promise.resolve();
    const { result } = await runHere(planOf(given, "distributed"), undefined, {
      rehearsal: 0,
      onStarted: () => {
        happened = Bun.sleep(afterMs).then(() => what(workers[1]));
      },
    });
    await happened;
    return result;
  } finally {
    await Promise.all(workers.map((worker) => worker.kill()));
  }
}

/** Kills the server, and starts it again with what its file held some milliseconds before. */
async function loseLast(server: RedisServer, ms: number): Promise<void> {
  // A folder from Redis 7 on.
  const folder = server.file("appendonlydir");
  const [file, before] = [existsSync(folder) ? folder : server.file("appendonly.aof"), server.file("before")];
  cpSync(file, before, { recursive: true });
  await Bun.sleep(ms);
  await server.restart({
    downMs: 200,
    whileDown: () => {
      rmSync(file, { recursive: true });
      renameSync(before, file);
    },
  });
}

/** Waits until as many workers give signs of life. */
async function listed(url: string, count: number): Promise<void> {
  const redis = new RedisConnection(url);
  await redis.send("DEL", ["lab-tui:workers"]);
  while (Number(await redis.send("HLEN", ["lab-tui:workers"])) < count) await Bun.sleep(20);
  redis.close();
}

/** What the rounds of a campaign did, for whoever runs all of it. */
class CampaignTally {
  private rounds = 0;
  private readonly sums = { sent: 0, committed: 0, claims: 0, redelivered: 0, refused: 0, resent: 0, violations: 0, unfinished: 0 };

  add({ tape, ledger, orderViolations, distributed }: RunnerResult): void {
    const { sums } = this;
    this.rounds++;
    sums.sent += tape.count;
    sums.committed += ledger.processed;
    sums.violations += orderViolations;
    sums.unfinished += ledger.unfinished;
    sums.claims += distributed?.claims ?? 0;
    sums.redelivered += distributed?.redeliveries ?? 0;
    sums.refused += distributed?.refused ?? 0;
    sums.resent += distributed?.resent ?? 0;
  }

  print(what: string): void {
    const figures = Object.entries(this.sums).map(([name, sum]) => `${name} ${sum}`);
    if (this.rounds > 1) console.log(`${what}: rounds ${this.rounds}, ${figures.join(", ")}`);
  }
}

function isWhole(result: RunnerResult, given: Scenario): void {
  expect(result.problems).toEqual([]);
  expect(imbalance(result.ledger)).toBe(0);
  expect([result.status, result.orderViolations, result.ledger.unfinished]).toEqual(["completed", 0, 0]);
  expect(result.ledger.processed).toBe(result.tape.count);
  expect(result.state?.digest).toBe(expectedDigest(given, result.tape.count));
}

describe.skipIf(KEPT === null)("mode distributed under faults (needs redis-server)", () => {
  test("a worker that is killed: its batches are taken over whole, nothing is lost or done twice, and it is named", async () => {
    let claims = 0;
    for (let round = 0; round < rounds(1, 20); round++) {
      const given = scenarioOf(round);
      const result = await faulty(given, 300, (worker) => worker.kill());
      isWhole(result, given);
      expect(result.hosts?.map(({ name, status }) => [name, status]).toSorted()).toEqual([
        ["faulty", "lost"],
        ["steady", "ok"],
      ]);
      expect(result.warnings.join(" ")).toContain("Worker faulty was lost");
      claims += result.distributed?.claims ?? 0;
    }
    expect(claims).toBeGreaterThan(0);
  });

  test("a worker that is frozen for three leases and thaws: it commits nothing of what was taken over", async () => {
    for (let round = 0; round < rounds(1, 20); round++) {
      const given = scenarioOf(100 + round, { gracefulStop: "30s" });
      const result = await faulty(given, 200, async (worker) => {
        worker.signal("SIGSTOP");
        await Bun.sleep(3 * CLAIM_AFTER);
        worker.signal("SIGCONT");
      });
      isWhole(result, given);
    }
  });

  test("a server that is killed and comes back: what it had lost of its last second is sent and worked again", async () => {
    let again = 0;
    for (let round = 0; round < rounds(1, 20); round++) {
      const given = scenarioOf(200 + round, { gracefulStop: "30s" });
      const result = await faulty(given, 400, () => loseLast(KEPT as RedisServer, 100 + 40 * (round % 7)));
      isWhole(result, given);
      const told = /Redis was restarted during the case: .* and (\d+) items? w\w+ worked again/.exec(result.warnings.join(" "));
      expect(told).not.toBeNull();
      again += Number(told?.[1]);
    }
    expect(again).toBeGreaterThan(0);
  });

  test("answers that are lost with their connections: what was done is done once", async () => {
    const told = new CampaignTally();
    for (let round = 0; round < rounds(1, 40); round++) {
      const overflow = round % 2 === 0 ? "block" : "drop-oldest";
      const proxy = await LossyProxy.start(KEPT?.port ?? 0);
      const given = scenarioOf(400 + round, { queue: { capacity: 20 + 15 * (round % 4), overflow }, gracefulStop: "20s" });
      const there = { ...given, distributed: { ...given.distributed, redis: proxy.url } };
      const result = await faulty(there, 150, async () => {
        for (let i = 0; i < 6; i++) {
          await proxy.lose(10 + 7 * ((round + i) % 5));
          await Bun.sleep(60 + 30 * (i % 3));
        }
      });
      proxy.stop();
      told.add(result);
      expect(imbalance(result.ledger)).toBe(0);
      expect([result.orderViolations, result.ledger.unfinished]).toEqual([0, 0]);
      // Under a drop rule a machine that is busy with other things makes a case invalid: its arrivals are taken in late.
      if (overflow === "block") isWhole(result, given);
      else expect(result.status).not.toBe("failed");
    }
    told.print("answers are lost");
  });
});

describe.skipIf(KEPT === null)("requests in mode distributed (needs redis-server)", () => {
  test("of two workers, one of which is killed: each item is done once, those that it had are fetched again, and the figures add up", async () => {
    const given = scenarioSchema.parse({
      title: "requests",
      workload: "fetch",
      load: { executor: "constant-arrival-rate", rate: 200, duration: "1s" },
      gracefulStop: "20s",
      fetch: {
        target: { mock: { latency: { min: "30ms", max: "90ms" }, errorRate: 0.1 } },
        concurrency: { max: 8 },
        retry: { max: 1, baseDelay: "20ms" },
      },
      distributed: { redis: KEPT?.url ?? "auto", claimAfter: `${CLAIM_AFTER}ms` },
    });
    const result = await faulty(given, 400, (worker) => worker.kill());
    const { ledger, fetch, distributed, hosts = [] } = result;
    expect([result.problems, result.status, imbalance(ledger), ledger.unfinished]).toEqual([[], "completed", 0, 0]);
    expect(ledger.processed + ledger.failed).toBe(result.tape.count);
    expect([fetch?.ok, fetch?.failed]).toEqual([ledger.processed, ledger.failed]);
    expect(hosts.map(({ name, status }) => [name, status]).toSorted()).toEqual([
      ["faulty", "lost"],
      ["steady", "ok"],
    ]);
    expect(hosts.reduce((sum, { processed }) => sum + processed, 0)).toBe(result.tape.count);
    // Each request that it had in flight is a batch of its own.
    expect(distributed?.claims).toBeGreaterThan(0);
    expect(distributed?.redeliveries).toBe(distributed?.claims ?? 0);
    // The server heard of them twice; they count once, with all their attempts.
    const attempts = fetch?.attempts ?? 0;
    expect(attempts).toBe(Object.values({ ...fetch?.byStatus, ...fetch?.byError }).reduce((sum, count) => sum + count, 0));
    expect((fetch?.server?.requests ?? 0) - attempts).toBeGreaterThan(0);
    expect(result.warnings.join(" ")).toMatch(/The server received \d+ requests? beside the \d+ that count/);
    expect(fetch?.retries).toBeGreaterThan(0);
    expect(fetch?.phases?.attempt.count).toBe(attempts);
    // On the runner's clock, none is faster than its server.
    expect(result.latency.service.min).toBeGreaterThanOrEqual(29);
    expect(result.failures.reduce((sum, { count }) => sum + count, 0)).toBe(ledger.failed);
  });

  test("of a list over two workers with one slot: as many in flight as both may have, and a worker's limit is its own", async () => {
    await using server = await RedisServer.start();
    const workers = [new WorkerHere(server.url, "one"), new WorkerHere(server.url, "two", { slots: 2 })];
    await listed(server.url, 2);
    const given = scenarioSchema.parse({
      title: "list",
      workload: "fetch",
      load: { executor: "once" },
      fetch: { target: { mock: { latency: "40ms" } }, tiles: { count: 60 }, concurrency: { max: 3 } },
      distributed: { redis: server.url, workers: 2 },
    });
    const log = join(temporaryFolder(), "log.ndjson");
    const access = { ...NO_ACCESS, files: { ...NO_ACCESS.files, log } };
    const { result, samples } = await runHere(planOf(given, "distributed"), undefined, { rehearsal: 0.01, access });
    await Promise.all(workers.map((worker) => worker.stop()));
    // Each attempt in the runner's log, whoever made it, and none of the rehearsal.
    const lines = readFileSync(log, "utf8").trim().split("\n");
    const logged = lines.map((line) => JSON.parse(line) as { readonly correlationId: string; readonly status: number });
    expect([new Set(logged.map(({ correlationId }) => correlationId)).size, logged.every(({ status }) => status === 200)]).toEqual([
      60,
      true,
    ]);
    expect(logged).toHaveLength(60);
    expect([result.problems, result.status, result.ledger.processed, result.fetch?.ok]).toEqual([[], "completed", 60, 60]);
    // Three of each at most, however many threads it has, and more than one alone may have.
    expect(result.fetch?.server?.peakConcurrency).toBeWithin(4, 6 + 1);
    expect(result.fetch?.peakConcurrency).toBe(result.fetch?.server?.peakConcurrency ?? 0);
    expect(result.fetch?.server?.requests).toBe(60);
    expect(result.distributed).toMatchObject({ claims: 0, refused: 0, commits: 60 });
    expect(result.batches).toMatchObject({ meanSize: 1, limit: 1 });
    expect(Math.max(...samples.map(({ fetch }) => fetch?.ok ?? 0))).toBe(60);
    expect(workers.flatMap(({ lines }) => lines)).toContainEqual(expect.stringMatching(/^worker one: list: \d+ items in /));
  });
});

/** Rounds of two network namespaces: all in `bun run verify`, none in `bun test`. */
const HOST_ROUNDS = rounds(0.12, 20);

describe.skipIf(!HAS_REDIS || !CAN_NETWORK || HOST_ROUNDS === 0)("two hosts (needs redis-server and ip netns; in verify)", () => {
  /** A host, its worker, and the server of both. */
  interface Scene {
    readonly host: NamespaceHost;
    readonly worker: WorkerProcess;
    readonly server: RedisServer;
  }
  const faults = {
    "one is killed": ({ worker }: Scene) => worker.kill(),
    "one is frozen": async ({ worker }: Scene) => {
      worker.signal("SIGSTOP");
      await Bun.sleep(3 * CLAIM_AFTER);
      worker.signal("SIGCONT");
    },
    "one is cut off": async ({ host }: Scene) => {
      host.cut(true);
      await Bun.sleep(3 * CLAIM_AFTER);
      host.cut(false);
    },
    "their server is killed and comes back": ({ server }: Scene) => server.restart({ downMs: 300 }),
    "their server comes back without its last moments": ({ server }: Scene) => loseLast(server, 200),
  };
  const everySecond = ["--appendonly", "yes", "--appendfsync", "everysec"];

  test.each(Object.entries(faults))("%s: the same states, each key in order, the ledger balanced", async (what, fault) => {
    const hosts = [NamespaceHost.make(1), NamespaceHost.make(2)] as const;
    const addresses = ["--bind", "127.0.0.1", ...hosts.map(({ gateway }) => gateway), "--protected-mode", "no"];
    const server = await RedisServer.start(...addresses, ...everySecond);
    const told = new CampaignTally();
    try {
      for (let round = 0; round < HOST_ROUNDS; round++) {
        const given = scenarioOf(300 + round, { gracefulStop: "30s" });
        const there = { ...given, distributed: { ...given.distributed, redis: server.url } };
        const result = await faulty(
          there,
          300,
          (worker) => fault({ host: hosts[1], worker, server }),
          (name) => {
            const host = hosts[name === "steady" ? 0 : 1];
            return new WorkerProcess(`redis://${host.gateway}:${server.port}`, name, host.prefix);
          },
        );
        told.add(result);
        isWhole(result, there);
      }
    } finally {
      told.print(what);
      await server.stop();
      for (const host of hosts) host.remove();
    }
  });
});

describe.skipIf(!HAS_REDIS)("the server of mode distributed (needs redis-server)", () => {
  const runOn = (redis: string, more: object = {}) =>
    runHere(planOf(scenarioSchema.parse({ title: "server", distributed: { redis }, ...more }), "distributed"), undefined, { rehearsal: 0 });

  test("that is not there, or wants a password, is told in a sentence", async () => {
    await using server = await RedisServer.start("--requirepass", "secret");
    await expect(runOn("redis://127.0.0.1:1")).rejects.toThrow("Mode distributed has no server: no Redis answers at redis://127.0.0.1:1");
    await expect(runOn(server.url)).rejects.toThrow("needs a password: redis://user:password@host");
    const wrong = server.url.replace("redis://", "redis://:wrong@");
    await expect(runOn(wrong)).rejects.toThrow("does not accept this user and password");
    // The password is told nowhere.
    await expect(runOn(wrong)).rejects.not.toThrow("wrong@");
  });

  test("that gives no answer for a while, and is restarted, is told of, although nothing was lost", async () => {
    await using server = await RedisServer.start("--appendonly", "yes", "--appendfsync", "always");
    const worker = new WorkerHere(server.url, "one");
    await listed(server.url, 1);
    const given = scenarioSchema.parse({
      title: "silent",
      load: { executor: "bursts", size: 40 },
      work: { kind: "sleep", time: "50ms" },
      distributed: { redis: server.url, batch: 4 },
    });
    let happened = Promise.resolve();
    const { result, samples } = await runHere(planOf(given, "distributed"), undefined, {
      rehearsal: 0,
      onStarted: () => {
        happened = (async () => {
          await Bun.sleep(100);
          server.signal("SIGSTOP");
          await Bun.sleep(1600);
          server.signal("SIGCONT");
          await Bun.sleep(400);
          await server.restart();
        })();
      },
    });
    await happened;
    await worker.stop();
    isWhole(result, given);
    expect(result.warnings).toContainEqual(expect.stringMatching(/^Redis gave no answer for 1\.\d\d s/));
    expect(result.warnings).toContainEqual(expect.stringContaining("Redis was restarted during the case"));
    // The worker was at a batch that it could not commit: the sample of its items is marked, and the silence is not the worker's.
    const series: Snapshot[] = [];
    for (const sample of samples) addSample(series, sample);
    const late = series.flatMap(({ distributed }) => distributed?.late ?? []);
    expect(Math.max(...late.map(({ ms }) => ms))).toBeGreaterThan(1000);
    expect(result.hosts?.map(({ silences }) => silences)).toEqual([[]]);
  });

  test.skipIf(HOST_ROUNDS === 0)("that goes and does not come back ends the case by its gracefulStop, by name (in verify)", async () => {
    await using server = await RedisServer.start();
    const worker = new WorkerHere(server.url, "one");
    await listed(server.url, 1);
    const given = scenarioSchema.parse({
      title: "gone",
      load: { executor: "constant-arrival-rate", rate: 200, duration: "1s" },
      gracefulStop: "200ms",
      queue: { capacity: 20 },
      work: { kind: "sleep", time: "10ms" },
      distributed: { redis: server.url },
    });
    let gone = 0;
    const { result } = await runHere(planOf(given, "distributed"), undefined, {
      rehearsal: 0,
      onStarted: () =>
        void Bun.sleep(300).then(() => {
          gone = performance.now();
          return server.stop();
        }),
    });
    const took = performance.now() - gone;
    await worker.stop();
    expect([result.status, result.problems[0]]).toEqual(["failed", expect.stringContaining("Redis does not answer any more")]);
    expect(imbalance(result.ledger)).toBe(0);
    expect(result.ledger.unfinished).toBeGreaterThan(0);
    // A runner that gives no sign of life for 10 s is ended.
    expect(took).toBeLessThan(9000);
  });

  test("that is full fails the case by name, and the ledger is balanced", async () => {
    await using server = await RedisServer.start("--maxmemory", "12mb", "--maxmemory-policy", "noeviction");
    const worker = new WorkerHere(server.url, "one");
    await listed(server.url, 1);
    const { result } = await runOn(server.url, {
      load: { executor: "bursts", size: 3000 },
      message: { size: "10kB" },
      work: { kind: "sleep", time: "1ms" },
      queue: { capacity: "unlimited" },
      gracefulStop: "20s",
    });
    await worker.stop();
    expect(result.status).toBe("failed");
    expect(result.problems[0]).toMatch(/127\.0\.0\.1:\d+ is full: its memory reached maxmemory/);
    expect(imbalance(result.ledger)).toBe(0);
    expect(result.ledger.unfinished).toBeGreaterThan(0);
  });
});

describe.skipIf(!HAS_REDIS)("lab-tui worker (needs redis-server)", () => {
  test("finishes its batch at SIGTERM, says what it did, and the run goes on with the others", async () => {
    await using server = await RedisServer.start();
    const stays = new WorkerHere(server.url, "stays");
    const command = [process.execPath, MAIN, "worker", "--redis", server.url, "--name", "goes", "--slots", "1"];
    const goes = Bun.spawn(command, { env: cleanEnv(), stdin: "ignore", stdout: "pipe", stderr: "inherit" });
    await listed(server.url, 2);
    const given = scenarioOf(7, { distributed: { redis: server.url, batch: 5, claimAfter: "10s" } });
    const { result } = await runHere(planOf(given, "distributed"), undefined, {
      rehearsal: 0,
      onStarted: () => void setTimeout(() => goes.kill("SIGTERM"), 300),
    });
    isWhole(result, given);
    // What it had was committed, or given back: nothing had to be taken over.
    expect(result.distributed).toMatchObject({ claims: 0, refused: 0 });
    expect(await goes.exited).toBe(0);
    const lines = (await new Response(goes.stdout).text()).trim().split("\n");
    expect(lines).toEqual([
      expect.stringMatching(/^worker goes: 1 slot at redis:/),
      expect.stringMatching(/^worker goes: faults: \d+ items in /),
    ]);
    await stays.stop();
  });

  test("waits for a server that is not there yet, and says one line of a case, none of its rehearsal", async () => {
    await using server = await RedisServer.start();
    let early: WorkerHere | null = null;
    await server.restart({
      downMs: 1800,
      whileDown: () => {
        early = new WorkerHere(server.url, "early");
      },
    });
    await listed(server.url, 1);
    const worker = early as unknown as WorkerHere;
    const given = scenarioOf(9, { load: { executor: "bursts", size: 20 }, distributed: { redis: server.url } });
    const { result } = await runHere(planOf(given, "distributed"), undefined, { rehearsal: 0.01 });
    await worker.stop();
    isWhole(result, given);
    expect(worker.lines).toEqual([
      expect.stringMatching(/^worker early: no Redis answers at redis:.*; trying again$/),
      expect.stringMatching(/^worker early: 1 slot at redis:/),
      expect.stringMatching(/^worker early: faults: 20 items in /),
    ]);
  });

  test("that comes late for the rehearsal is waited for, and the runner gives signs of life meanwhile", async () => {
    await using server = await RedisServer.start();
    const given = scenarioOf(11, { load: { executor: "bursts", size: 5 }, distributed: { redis: server.url } });
    let signs = 0;
    const worker = Bun.sleep(1200).then(() => {
      expect(signs).toBeGreaterThan(0);
      return new WorkerHere(server.url, "late");
    });
    const { result } = await runHere(planOf(given, "distributed"), undefined, { rehearsal: 0.01, onPreparing: () => signs++ });
    await (await worker).stop();
    expect(result.ledger.processed).toBe(5);
  });

  test("is ended by a signal while nothing answers, and by an answer that no attempt would change", async () => {
    await using server = await RedisServer.start("--requirepass", "secret");
    const refused = new WorkerHere(server.url, "refused");
    const command = [process.execPath, MAIN, "worker", "--redis", "redis://127.0.0.1:1", "--name", "waits", "--slots", "1"];
    const waits = Bun.spawn(command, { env: cleanEnv(), stdin: "ignore", stdout: "pipe", stderr: "inherit" });
    const { value } = await waits.stdout.getReader().read();
    expect(new TextDecoder().decode(value)).toMatch(/^worker waits: no Redis answers at redis:.*; trying again\n$/);
    waits.kill("SIGTERM");
    expect(await waits.exited).toBe(0);
    await refused.stop();
    expect(refused.lines).toEqual([expect.stringContaining("needs a password")]);
  });

  test.skipIf(HOST_ROUNDS === 0)("is stopped within seconds in a run whose server is gone (in verify)", async () => {
    const server = await RedisServer.start();
    const worker = new WorkerHere(server.url, "alone");
    await listed(server.url, 1);
    const given = scenarioOf(10, { gracefulStop: "1s", distributed: { redis: server.url } });
    let stopMs = Number.POSITIVE_INFINITY;
    let stopped = Promise.resolve();
    const run = runHere(planOf(given, "distributed"), undefined, {
      rehearsal: 0,
      onStarted: () => {
        stopped = (async () => {
          await Bun.sleep(300);
          await server.stop();
          await Bun.sleep(2500);
          const from = performance.now();
          await worker.stop();
          stopMs = performance.now() - from;
        })();
      },
    });
    const { result } = await run;
    await stopped;
    expect(result.status).not.toBe("completed");
    expect(imbalance(result.ledger)).toBe(0);
    expect(stopMs).toBeLessThan(15_000);
  });

  test("that comes during a run joins it, and is told to have come late", async () => {
    await using server = await RedisServer.start();
    const first = new WorkerHere(server.url, "first");
    await listed(server.url, 1);
    const given = scenarioOf(8, {
      load: { executor: "constant-arrival-rate", rate: 1000, duration: "2s" },
      distributed: { redis: server.url },
    });
    let second: WorkerHere | null = null;
    const { result, samples } = await runHere(planOf(given, "distributed"), undefined, {
      rehearsal: 0,
      onStarted: () => {
        second = new WorkerHere(server.url, "second");
      },
    });
    await Promise.all([first, second as WorkerHere | null].map((worker) => worker?.stop()));
    isWhole(result, given);
    const [one, two] = result.hosts ?? [];
    expect([one?.name, one?.status, two?.name, two?.status]).toEqual(["first", "ok", "second", "late"]);
    expect([one?.processed, two?.processed].every((count) => (count ?? 0) > 0)).toBe(true);
    expect((one?.processed ?? 0) + (two?.processed ?? 0)).toBe(result.ledger.processed);
    expect(result.warnings.join(" ")).toContain("Worker second came late");
    // Samples tell of it from when it came.
    expect([...new Set(samples.map(({ distributed }) => distributed?.hosts.length))]).toEqual([1, 2]);
  });

  test("runs no program, and no module, that it was not allowed", async () => {
    await using server = await RedisServer.start();
    const worker = new WorkerHere(server.url, "strict");
    await listed(server.url, 1);
    const given = scenarioSchema.parse({
      title: "program",
      work: { kind: "command", command: ["cat"], folder: "/" },
      distributed: { redis: server.url },
    });
    await expect(runHere(planOf(given, "distributed"), undefined, { rehearsal: 0 })).rejects.toThrow(
      "Worker strict does not take the run: it runs programs only with --allow-commands, given where it was started",
    );
    await worker.stop();
  });
});

describe.skipIf(!HAS_REDIS)("redis: auto (needs redis-server)", () => {
  test("ends with the process that started it, however that ends", async () => {
    const script = `
      const { RedisHere } = await import(${JSON.stringify(join(ROOT, "src/engine/executor/distributed/redis-here.ts"))});
      const here = await RedisHere.start(1);
      process.stdout.write(JSON.stringify(here.processes) + "\\n");
      setInterval(() => {}, 1000);`;
    const child = Bun.spawn([process.execPath, "-e", script], { env: cleanEnv(), stdin: "ignore", stdout: "pipe", stderr: "inherit" });
    const { value } = await child.stdout.getReader().read();
    const pids = JSON.parse(new TextDecoder().decode(value)) as number[];
    const isThere = (pid: number) => {
      try {
        process.kill(pid, 0);
        return true;
      } catch {
        return false;
      }
    };
    expect(pids.map(isThere)).toEqual([true, true]);
    child.kill("SIGKILL");
    await child.exited;
    for (let tries = 0; pids.some(isThere) && tries < 250; tries++) await Bun.sleep(20);
    expect(pids.map(isThere)).toEqual([false, false]);
  });
});

describe.skipIf(KEPT === null)("clocks of mode distributed (needs redis-server)", () => {
  /** A case whose worker's clock is ahead of this machine's, and whose slots are off by `lie` beyond what it knows. */
  async function clocked(clockShift: number, lie = 0): Promise<RunnerResult> {
    const given = scenarioSchema.parse({
      title: "clocks",
      load: { executor: "constant-arrival-rate", rate: 200, duration: "500ms", arrivals: "uniform" },
      work: { kind: "sleep", time: "2ms" },
      distributed: { redis: KEPT?.url ?? "auto" },
    });
    const worker = new WorkerHere(given.distributed.redis, "clocked", { clockShift, lie });
    await listed(given.distributed.redis, 1);
    const { result } = await runHere(planOf(given, "distributed"), undefined, { rehearsal: 0 });
    await worker.stop();
    expect(result.status).toBe("completed");
    return result;
  }

  test.each([0, 2e9])("a clock that is %d ns ahead is found within the stated error, and latencies are right within it", async (shift) => {
    const { hosts = [], warnings, latency } = await clocked(shift);
    const { clockOffsetMs = null, clockErrorMs = null } = hosts[0] ?? {};
    const error = clockErrorMs ?? Number.NaN;
    expect(Math.abs((clockOffsetMs ?? Number.NaN) - shift / 1e6)).toBeLessThanOrEqual(error);
    // However slow the machine, it tells a clock that is two seconds ahead from one that is not.
    expect(error).toBeLessThan(1000);
    // Each instant lies between the item's arrival and its record, as the runner's own clock tells these, or misses them by the error.
    expect(warnings.join(" ")).not.toContain("A clock was off");
    expect(latency.service.min).toBeGreaterThanOrEqual(2);
    expect(latency.sojourn.min).toBeGreaterThan(2);
    expect(latency.sojourn.max).toBeLessThan(2000);
  });

  test.each([-1e9, 1e9])("a worker whose instants are %d ns from the clock that it compares is caught", async (lie) => {
    const { warnings } = await clocked(2e9, lie);
    const told = /A clock was off by (\S+) (m?s), more than the/.exec(warnings.join(" "));
    expect(Number(told?.[1]) * (told?.[2] === "s" ? 1000 : 1)).toBeWithin(900, 1100);
  });
});
