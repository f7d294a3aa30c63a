import { describe, expect, test } from "bun:test";
import { recordText, type Stretch } from "../../../src/engine/executor/distributed/record.ts";
import { ResultReader } from "../../../src/engine/executor/distributed/result-reader.ts";
import { StreamQueue } from "../../../src/engine/executor/distributed/stream-queue.ts";
import { StreamSender } from "../../../src/engine/executor/distributed/stream-sender.ts";
import type { Commit, Drop, PartitionStreams, TakeReply } from "../../../src/engine/executor/distributed/streams.ts";
import type { Job } from "../../../src/engine/executor/executor.ts";
import type { SlotBell } from "../../../src/engine/worker/bell.ts";
import { leaseMemory, SlotLeases } from "../../../src/engine/worker/slot-leases.ts";
import { type SlotAssignment, SlotSession } from "../../../src/engine/worker/slot-session.ts";
import { interrupted } from "../../../src/kernel/redis/error.ts";
import type { RedisPort, RedisReply } from "../../../src/kernel/redis/port.ts";
import { VirtualTime } from "../../../src/kernel/virtual-time.ts";
import { Item } from "../../../src/queueing/item.ts";
import { Recorder } from "../../../src/telemetry/recorder.ts";
import type { ProcessorSpec } from "../../../src/workloads/processors.ts";
import type { Effort, Processor } from "../../../src/workloads/workload.ts";

const items = (count: number) =>
  Array.from({ length: count }, (_, index) => Object.assign(new Item(), { index, sequence: index + 1, due: 10 * index }));
const queueOf = (overflow: "block" | "drop-oldest", capacity: number) =>
  new StreamQueue({ ...{ capacity, overflow, partitions: 1, keptFor: 0 }, partitionOf: () => 0, lineOf: (_, number) => String(number) });
/** What sender and reader use of a job. */
const jobOf = (time: VirtualTime, recorder: Recorder): Job =>
  ({ time, recorder, source: { release: () => {} }, lifecycle: { expired: () => false } }) as unknown as Job;

describe("a drop whose answer was lost", () => {
  test("is asked for again, by its number, and what was dropped is accounted for", async () => {
    const time = new VirtualTime();
    const recorder = new Recorder();
    const queue = queueOf("drop-oldest", 2);
    const asked: Drop[] = [];
    const streams = {
      add: async () => 0,
      drop: async (drop: Drop) => {
        asked.push(drop);
        if (asked.length === 1) throw interrupted("there");
        return [0, 1];
      },
    } as unknown as PartitionStreams;
    const redis = { send: async () => "run_id:same" } as unknown as RedisPort;
    const sender = new StreamSender(
      jobOf(time, recorder),
      queue,
      streams,
      redis,
      "same",
      () => 1,
      () => {},
    );
    for (const item of items(2)) queue.offer(item, 0, 0);
    sender.pump();
    for (const item of items(2)) queue.offer(item, 0, 0);
    for (let turns = 0; turns < 10; turns++) {
      sender.pump();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(asked.map(({ call, most }) => [call, most])).toEqual([
      [1, 2],
      [1, 2],
    ]);
    expect(asked[1]?.candidates).toEqual(asked[0]?.candidates ?? []);
    expect([recorder.counts().droppedOldest, queue.depth]).toEqual([2, 2]);
  });
});

describe("a take whose answer was lost", () => {
  test("is made again with another token: the first may have been done, or be done yet", async () => {
    const tokens: string[] = [];
    const committed: Commit[] = [];
    const replies: (TakeReply | Error)[] = [interrupted("there"), interrupted("there")];
    const streams = {
      take: async (_: unknown, token: string) => {
        tokens.push(token);
        const reply = replies.shift() ?? { partition: 0, version: "", claimed: false, token, lines: "1,0,0,x" };
        if (reply instanceof Error) throw reply;
        return reply;
      },
      commit: async (commit: Commit) => {
        committed.push(commit);
        session.end(false);
        return "over";
      },
      states: async () => [],
    } as unknown as PartitionStreams;
    const time = new VirtualTime();
    const processor = {
      ...{ instant: true, ordered: true, limit: 1, process: () => null, fromJson: () => {}, stateOf: () => null, report: () => ({}) },
    } as unknown as Processor;
    const leases = new SlotLeases(leaseMemory(2));
    const spec = { workload: "message", work: { kind: "none" } } as unknown as ProcessorSpec;
    const plan = { order: null, ordered: true, batch: 10, claimAfterMs: 100 };
    const assignment = { plan, spec, concurrency: 1, host: "h", slot: 0, drift: new SharedArrayBuffer(8) } as unknown as SlotAssignment;
    const bell = { wait: () => new Promise(() => {}), cancel: () => {} } as unknown as SlotBell;
    const thread = { time, effort: {} as Effort, work: {} as never };
    const session: SlotSession = new SlotSession(assignment, streams, bell, leases, () => processor, thread);
    await time.run(session.run());
    expect(tokens).toEqual(["h.0.1", "h.0.2", "h.0.3"]);
    expect(committed[0]?.taken.token).toBe("h.0.3");
  });
});

describe("a record of a batch", () => {
  /** What is recorded of these stretches of a partition of `count` items, each a batch of its own, 30 ms after t = 0. */
  async function recorded(count: number, stretches: readonly Stretch[]) {
    const time = new VirtualTime();
    time.blockUntil(30e6);
    const recorder = new Recorder();
    const queue = queueOf("block", 10);
    for (const item of items(count)) queue.offer(item, 0, 20e6);
    queue.send(10, 1e6);
    const entries = stretches.map((stretch, i) => {
      const text = recordText({ host: "h", partition: 0, claimed: false, dequeued: stretch.began - 1e5, stretches: [stretch] });
      return [`${i + 1}-0`, ["r", text]] as const;
    });
    const send = async (): Promise<RedisReply> => {
      await new Promise((resolve) => setImmediate(resolve));
      return { results: entries };
    };
    const nothing = () => {};
    const reader = new ResultReader(jobOf(time, recorder), queue, { send }, "results", nothing, nothing, nothing);
    reader.late.next(25);
    const running = reader.run();
    await reader.end(`${entries.length}-0`);
    await running;
    return { recorder, reader };
  }

  test.each([-5e6, 0, 5e6])("tells how long the work took, though its clock is off by %d ns", async (error) => {
    const began = 21e6 + error;
    const { recorder, reader } = await recorded(1, [{ first: 1, count: 1, began, ended: began + 2e6, reason: null }]);
    expect(recorder.counts().processed).toBe(1);
    expect(recorder.service.max).toBe(2e6);
    expect(reader.slip).toBe(error < 0 ? 4e6 : 0);
  });

  test("that was partly accounted for before gives the rest their part of its time", async () => {
    const { recorder, reader } = await recorded(4, [
      { first: 1, count: 2, began: 21e6, ended: 23e6, reason: null },
      { first: 1, count: 4, began: 24e6, ended: 28e6, reason: null },
    ]);
    expect([recorder.counts().processed, reader.counts.again]).toEqual([4, 2]);
    expect([recorder.service.min, recorder.service.max]).toEqual([1e6, 1e6]);
    // Due at 30 ns, ended at 28 ms.
    expect(recorder.sojourn.max).toBe(28e6 - 30);
    // Two ended before the sample at 25 ms, and none of those that were known by then counts again.
    expect(reader.late.next(50)).toEqual([{ t: 25, items: 2, ms: 5 }]);
  });
});
