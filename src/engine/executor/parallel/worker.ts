import { fullGC } from "bun:jsc";
import { setPriority } from "node:os";
import { parentPort } from "node:worker_threads";
import { type Bell, waitForBell } from "../../../kernel/bell.ts";
import { LoopTime } from "../../../kernel/loop-time.ts";
import { needsOpenLoop, prepareProcessors } from "../../../workloads/processors.ts";
import { RealEffort } from "../../work/effort.ts";
import { caughtAsStray } from "../../work/unhandled-errors.ts";
import { WorkMeter, type WorkSums } from "../../work/work-meter.ts";
import type { Assignment, WorkerReply } from "./link.ts";
import { WorkerSession, type WorkerThread } from "./session.ts";
import { type BeginMessage, SharedSourceLink, workerBell } from "./shared-link.ts";

/** Nanoseconds of spinning before a sleep when more is likely to arrive: to sleep and wake costs more. */
const SPIN = 20_000;

/** The Worker thread that this module runs in. */
class RealThread implements WorkerThread {
  readonly time: LoopTime;
  readonly effort: RealEffort;
  private readonly meter: WorkMeter;

  constructor(
    private readonly assignment: Assignment,
    private readonly bell: Bell,
  ) {
    const { processor, concurrency } = assignment;
    const { roundsPerMs } = processor;
    this.time = new LoopTime(undefined, bell, needsOpenLoop(processor));
    this.meter = new WorkMeter(roundsPerMs).prepare();
    const overlapping = concurrency > 1;
    this.effort = new RealEffort(this.time, roundsPerMs, !overlapping, this.meter);
  }

  startAt(origin: number): void {
    this.time.startAt(origin);
    this.meter.begin(origin + this.assignment.warmup);
  }

  sleep(seen: number, quiet: () => boolean, ms: number, soon: boolean): void {
    const until = this.time.now() + (soon ? SPIN : 0);
    while (quiet() && this.time.now() < until);
    if (quiet()) waitForBell(this.bell, seen, ms);
  }

  get work(): WorkSums {
    return this.meter.total;
  }
}

function reply(message: WorkerReply): void {
  parentPort?.postMessage(message);
}

// A lower priority than the source's thread, which keeps its schedule only if it runs as soon as it wakes. Per thread on Linux;
// elsewhere it would be the priority of the whole process.
if (process.platform === "linux") setPriority(0, 10);

process.on("unhandledRejection", uncaught);
process.on("uncaughtException", uncaught);

function uncaught(error: unknown): void {
  if (!caughtAsStray(error)) reply({ type: "broken", reason: String(error) });
}

parentPort?.on("message", (message: BeginMessage) => {
  serve(message).catch((error: unknown) => reply({ type: "broken", reason: error instanceof Error ? error.message : String(error) }));
});

async function serve({ assignment, memory }: BeginMessage): Promise<void> {
  // Collects the previous session's garbage now, not during this session.
  fullGC();
  const link = new SharedSourceLink(memory, assignment.warmup, reply);
  const makeProcessor = await prepareProcessors(assignment.processor);
  const session = new WorkerSession(assignment, link, makeProcessor, new RealThread(assignment, workerBell(memory)));
  await session.open();
  reply({ type: "ready" });
  session.run().then(
    (report) => {
      link.reply(report);
      return session.close();
    },
    (error: unknown) => link.reply({ type: "broken", reason: String(error) }),
  );
}
