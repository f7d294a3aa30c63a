import { Database } from "bun:sqlite";
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { patience, rounds } from "../support/campaign.ts";
import { cleanEnv, temporaryFolder } from "../support/cli.ts";
import { readLog } from "../support/queue/log.ts";
import { HAS_REDIS, RedisServer } from "../support/redis-server.ts";

setDefaultTimeout(patience(600_000));

const folder = temporaryFolder();
const started: Child[] = [];
afterAll(async () => {
  await Promise.all(started.map(kill));
  rmSync(folder, { recursive: true });
});

const PRODUCER = join(import.meta.dir, "../support/queue/producer.ts");
const CONSUMER = join(import.meta.dir, "../support/queue/consumer.ts");

/** Messages that are sent in a round before anything is killed: a slow machine needs longer for them. */
const LEAST_SENT = 10;

function sentIn(log: string): number {
  return readLog(log).lines.filter((line) => line.startsWith("S ")).length;
}

interface Child {
  readonly process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  /** Resolves once it has begun its work; rejects with what it wrote where it ended before. */
  readonly begun: Promise<void>;
}

function start(script: string, ...args: string[]): Child {
  const child = Bun.spawn([process.execPath, script, ...args], { env: cleanEnv(), stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const one = { process: child, begun: begun(child) };
  started.push(one);
  return one;
}

async function begun(child: Child["process"]): Promise<void> {
  const { done } = await child.stdout.getReader().read();
  if (done) throw new Error(`It ended before it began: ${await new Response(child.stderr).text()}`);
}

async function kill(child: Child | undefined): Promise<void> {
  child?.process.kill("SIGKILL");
  await child?.process.exited;
}

describe.each(["process", "power", "Redis"] as const)("F-4 kill -9, durability %s", (durability) => {
  const skip = durability === "Redis" && !HAS_REDIS;
  test.skipIf(skip)("nothing acknowledged is lost or done again, keys keep their order, the file is whole", async () => {
    const redis = durability === "Redis" ? await RedisServer.start("--appendonly", "yes", "--appendfsync", "always") : null;
    const file = redis?.url ?? join(folder, `${durability}.db`);
    const log = join(folder, `${durability}.log`);
    let producer: Child | undefined;
    let consumers: Child[] = [];
    const count = rounds(redis === null ? 4 : 2, 60);
    for (let round = 0; round < count; round++) {
      producer ??= start(PRODUCER, file, log, durability, String(round * 1_000_000));
      while (consumers.length < 2) consumers.push(start(CONSUMER, file, log, durability, consumers.length === 0 ? "7" : "60"));
      await Promise.all([producer, ...consumers].map(({ begun }) => begun));
      const sentBefore = sentIn(log);
      await Bun.sleep(20 + ((round * 37) % 130));
      while (sentIn(log) < sentBefore + LEAST_SENT) {
        await Bun.sleep(5);
        if (producer.process.exitCode !== null) throw new Error(`no longer sends: ${await new Response(producer.process.stderr).text()}`);
      }
      if (redis !== null && round % 2 === 1) {
        await redis.restart();
        continue;
      }
      const victim = round % 3;
      if (victim !== 0) {
        await kill(producer);
        producer = undefined;
      }
      if (victim !== 1) {
        // One of the two, or both.
        const doomed = round % 2 === 0 ? consumers : consumers.slice(0, 1);
        await Promise.all(doomed.map(kill));
        consumers = consumers.filter((each) => !doomed.includes(each));
      }
    }
    await Promise.all([kill(producer), ...consumers.map(kill)]);
    const drain = start(CONSUMER, file, log, durability, "100", "drain");
    expect([await drain.process.exited, await new Response(drain.process.stderr).text()]).toEqual([0, ""]);

    if (redis === null) {
      const db = new Database(file, { readonly: true });
      expect(db.query("PRAGMA integrity_check").values()).toEqual([["ok"]]);
      db.close();
    } else await redis.stop();

    const handled = new Set<number>();
    const acknowledged = new Set<string>();
    const lastOf = new Map<string, number>();
    const sent: number[] = [];
    const wrong: string[] = [];
    let again = 0;
    const { lines, broken } = readLog(log);
    for (const line of lines) {
      const [what, a = "", b = "", c = ""] = line.split(" ");
      if (what === "S") sent.push(Number(b));
      else if (what === "A") acknowledged.add(a);
      else if (acknowledged.has(a)) wrong.push(`handled after its acknowledgement: ${line}`);
      else if (handled.has(Number(c))) again++;
      else {
        if ((lastOf.get(b) ?? -1) > Number(c)) wrong.push(`out of order: ${line} after ${lastOf.get(b)}`);
        lastOf.set(b, Number(c));
        handled.add(Number(c));
      }
    }
    expect(wrong).toEqual([]);
    expect(sent.filter((n) => !handled.has(n))).toEqual([]);
    expect(sent.length).toBeGreaterThanOrEqual(count * LEAST_SENT);
    console.log(
      `kill -9, ${durability}: ${count} rounds, ${sent.length} sent, ${handled.size} handled, ${again} handled again unacknowledged, ${broken} lines cut off`,
    );
  });
});
