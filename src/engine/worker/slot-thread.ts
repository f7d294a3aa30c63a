import { fullGC } from "bun:jsc";
import { setPriority } from "node:os";
import { parentPort } from "node:worker_threads";
import { BELL_BYTES } from "../../kernel/bell.ts";
import { monotonic } from "../../kernel/clock.ts";
import { errorText } from "../../kernel/error-text.ts";
import { LoopTime } from "../../kernel/loop-time.ts";
import { RedisConnection } from "../../kernel/redis/connection.ts";
import { prepareProcessors } from "../../workloads/processors.ts";
import { PartitionStreams } from "../executor/distributed/streams.ts";
import { RealEffort } from "../work/effort.ts";
import { caughtAsStray } from "../work/unhandled-errors.ts";
import { WorkMeter, type WorkSums } from "../work/work-meter.ts";
import { SlotBell } from "./bell.ts";
import { SlotLeases } from "./slot-leases.ts";
import type { FromSlot, ToSlot } from "./slot-messages.ts";
import { type SlotAssignment, SlotSession, type SlotThread } from "./slot-session.ts";

/** Entry point of a slot: a thread of a worker, warm from one run to the next. */

/** The thread of this module. Instants are nanoseconds since the run's base, by the clock of Redis. */
class RealSlot implements SlotThread {
  readonly time: LoopTime;
  readonly effort: RealEffort;
  private readonly meter: WorkMeter;

  constructor({ spec: { roundsPerMs }, concurrency, origin }: SlotAssignment, clockShift: number) {
    const clock = clockShift === 0 ? monotonic : { now: () => monotonic.now() + clockShift };
    this.time = new LoopTime(clock, new Int32Array(new SharedArrayBuffer(BELL_BYTES)), true);
    this.time.startAt(origin);
    this.meter = new WorkMeter(roundsPerMs).prepare();
    this.effort = new RealEffort(this.time, roundsPerMs, concurrency === 1, this.meter);
  }

  get work(): WorkSums {
    return this.meter.total;
  }
}

function reply(message: FromSlot): void {
  parentPort?.postMessage(message);
}

function broken(error: unknown): void {
  reply({ type: "broken", reason: errorText(error) });
}

// A runner on the same machine keeps its schedule only if it runs as soon as it wakes. Per thread on Linux alone.
if (process.platform === "linux") setPriority(0, 10);

process.on("unhandledRejection", uncaught);
process.on("uncaughtException", uncaught);

function uncaught(error: unknown): void {
  if (!caughtAsStray(error)) broken(error);
}

let session: SlotSession | null = null;

parentPort?.on("message", (message: ToSlot) => {
  if (message.type === "end") session?.end(message.halting);
  else serve(message).catch(broken);
});

async function serve({ assignment, url, clockShift }: Extract<ToSlot, { type: "begin" }>): Promise<void> {
  // The garbage of the run before would be collected during this one.
  fullGC();
  const { plan, run, leases } = assignment;
  const [redis, listening] = [new RedisConnection(url), new RedisConnection(url)];
  try {
    await redis.connect();
    const streams = new PartitionStreams(redis, run, plan.partitions, plan.ordered);
    const bell = new SlotBell(listening, `${streams.prefix}bell`);
    const makeProcessor = await prepareProcessors(assignment.spec);
    const thread = new RealSlot(assignment, clockShift);
    const own = new SlotSession(assignment, streams, bell, new SlotLeases(leases), makeProcessor, thread);
    session = own;
    await own.open((reason) => reply({ type: "gave-up", reason }));
    reply({ type: "ready" });
    reply({ type: "done", report: await own.run() });
    await own.close();
    reply({ type: "closed" });
  } finally {
    redis.close();
    listening.close();
  }
}
