import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { RunnerResult } from "../../src/engine/protocol.ts";
import { Random } from "../../src/kernel/random.ts";
import { RedisConnection } from "../../src/kernel/redis/connection.ts";
import { type Scenario, scenarioSchema } from "../../src/scenario/schema.ts";
import { imbalance } from "../../src/telemetry/ledger.ts";
import { patience, rounds } from "../support/campaign.ts";
import { runHere } from "../support/case.ts";
import { expectedDigest } from "../support/expected-digest.ts";
import { WorkerHere, WorkerProcess } from "../support/lab-workers.ts";
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
async function faulty(given: Scenario, afterMs: number, what: (worker: WorkerProcess) => Promise<void>): Promise<RunnerResult> {
  const url = KEPT?.url ?? "";
  const workers = [new WorkerProcess(url, "steady"), new WorkerProcess(url, "faulty")] as const;
  try {
    await listed(url, 2);
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

/** Waits until as many workers give signs of life. */
async function listed(url: string, count: number): Promise<void> {
  const redis = new RedisConnection(url);
  await redis.send("DEL", ["lab-tui:workers"]);
  while (Number(await redis.send("HLEN", ["lab-tui:workers"])) < count) await Bun.sleep(20);
  redis.close();
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
    for (let round = 0; round < rounds(1, 20); round++) {
      const given = scenarioOf(200 + round, { gracefulStop: "30s" });
      const result = await faulty(given, 500, async () => KEPT?.restart({ downMs: 200 }));
      isWhole(result, given);
      expect(result.warnings.join(" ")).toContain("Redis was restarted during the case");
    }
  });
});

describe.skipIf(!HAS_REDIS)("clocks of mode distributed (needs redis-server)", () => {
  test("a worker whose clock is two seconds ahead: latencies are right within the stated error", async () => {
    await using server = await RedisServer.start();
    const given = scenarioSchema.parse({
      title: "clocks",
      load: { executor: "constant-arrival-rate", rate: 200, duration: "500ms", arrivals: "uniform" },
      work: { kind: "sleep", time: "2ms" },
      distributed: { redis: server.url },
    });
    const figures: RunnerResult[] = [];
    for (const clockShift of [0, 2e9]) {
      const worker = new WorkerHere(server.url, "shifted", { clockShift });
      await listed(server.url, 1);
      figures.push((await runHere(planOf(given, "distributed"), undefined, { rehearsal: 0 })).result);
      await worker.stop();
    }
    const [same, ahead] = figures as [RunnerResult, RunnerResult];
    const [host] = ahead.hosts ?? [];
    expect(Math.abs((host?.clockOffsetMs ?? 0) - 2000)).toBeLessThanOrEqual(5 + (host?.clockErrorMs ?? 0));
    expect(host?.clockErrorMs).toBeLessThan(20);
    expect([same.status, ahead.status]).toEqual(["completed", "completed"]);
    expect(ahead.latency.service.p50).toBeCloseTo(same.latency.service.p50, 0);
    expect(ahead.latency.sojourn.p50).toBeLessThan(same.latency.sojourn.p50 + 5 + 2 * (host?.clockErrorMs ?? 0));
    expect(ahead.latency.sojourn.min).toBeGreaterThan(2);
  });
});
