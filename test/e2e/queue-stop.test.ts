import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { MessageQueue, type MessageQueueOptions } from "../../src/flows/index.ts";
import { patience, rounds } from "../support/campaign.ts";
import { cleanEnv, temporaryFolder } from "../support/cli.ts";
import { HAS_REDIS, RedisServer } from "../support/redis-server.ts";

setDefaultTimeout(patience(60_000));

const folder = temporaryFolder();
const started: Bun.Subprocess[] = [];
afterAll(async () => {
  for (const child of started) child.kill("SIGKILL");
  await Promise.all(started.map(({ exited }) => exited));
  rmSync(folder, { recursive: true });
});

const NEIGHBOUR = join(import.meta.dir, "../support/queue/neighbour.ts");
/** Long for a process that is only kept waiting by others on a busy machine, in milliseconds. */
const VISIBILITY_MS = 1500;

interface Figures {
  readonly acknowledged: number;
  readonly lost: number;
}

class Neighbour {
  private readonly child: Bun.Subprocess<"ignore", "pipe", "inherit">;
  private readonly said: AsyncIterator<string>;

  /** `place`: a file, or the address of a Redis. */
  constructor(place: string) {
    const command = [process.execPath, NEIGHBOUR, place, String(VISIBILITY_MS)];
    this.child = Bun.spawn(command, { env: cleanEnv(), stdin: "ignore", stdout: "pipe", stderr: "inherit" });
    started.push(this.child);
    this.said = this.child.stdout.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  }

  async begun(): Promise<void> {
    if ((await this.said.next()).done === true) throw new Error("It ended before it began");
  }

  signal(name: "SIGSTOP" | "SIGCONT"): void {
    this.child.kill(name);
  }

  async end(): Promise<Figures> {
    this.child.kill("SIGTERM");
    return JSON.parse((await this.said.next()).value ?? "null");
  }
}

const WHAT = "F-4 a process that is stopped and continued: its neighbours lose no lease, and nothing is lost or acknowledged twice";

test(`${WHAT}, in a file`, async () => {
  const file = join(folder, "q.db");
  await stopsOne("file", { file }, file, 3);
});

test.skipIf(!HAS_REDIS)(`${WHAT}, in Redis${HAS_REDIS ? "" : " (needs redis-server)"}`, async () => {
  const server = await RedisServer.start();
  try {
    await stopsOne("Redis", { redis: server.url }, server.url, 1);
  } finally {
    await server.stop();
  }
});

/** Stops one of several processes that share a queue, again and again. `neighbours`: those that go on. */
async function stopsOne(name: string, where: MessageQueueOptions, place: string, neighbours: number): Promise<void> {
  const queue = MessageQueue.open<number>("neighbours", { ...where, pollMs: 20 });
  const victim = new Neighbour(place);
  const healthy = Array.from({ length: neighbours }, () => new Neighbour(place));
  await Promise.all([victim, ...healthy].map((each) => each.begun()));
  const count = rounds(1, 20);
  let sent = 0;
  const send = async (number: number) => {
    await queue.sendAll(Array.from({ length: number }, () => sent++));
  };
  for (let round = 0; round < count; round++) {
    await send(60);
    // In the middle of a lease, of handlers, of a settlement: wherever it is then.
    await Bun.sleep((round * 37) % 130);
    victim.signal("SIGSTOP");
    // Not waited for: one that was stopped within a transaction has the file locked until it goes on.
    const sending: Promise<void>[] = [];
    const until = performance.now() + VISIBILITY_MS * 1.4;
    while (performance.now() < until) {
      sending.push(send(10));
      await Bun.sleep(50);
    }
    victim.signal("SIGCONT");
    await Promise.all(sending);
    await Bun.sleep(100);
  }
  await queue.drained();
  const [stopped, ...others] = await Promise.all([victim, ...healthy].map((each) => each.end()));
  const acknowledged = [stopped, ...others].reduce((sum, figures) => sum + (figures?.acknowledged ?? 0), 0);
  console.log(
    `SIGSTOP, ${name}: ${count} rounds, ${sent} sent, ${acknowledged} acknowledged; leases lost by the one stopped: ${stopped?.lost}`,
  );
  expect(others.map(({ lost }) => lost)).toEqual(healthy.map(() => 0));
  expect(acknowledged).toBe(sent);
  await queue.stop();
}
