import { expect, test } from "bun:test";
import { readRecord } from "../../../src/engine/executor/distributed/record.ts";
import type { AskedCommit, Commit, PartitionStreams, TakeReply } from "../../../src/engine/executor/distributed/streams.ts";
import type { SlotBell } from "../../../src/engine/worker/bell.ts";
import { leaseMemory, SlotLeases } from "../../../src/engine/worker/slot-leases.ts";
import { AHEAD, type SlotAssignment, SlotSession } from "../../../src/engine/worker/slot-session.ts";
import { VirtualTime } from "../../../src/kernel/virtual-time.ts";
import type { Item } from "../../../src/queueing/item.ts";
import type { ProcessorSpec } from "../../../src/workloads/processors.ts";
import type { Effort, Processor } from "../../../src/workloads/workload.ts";

const PLACES = 3;

/** A slot whose items keep no order, and take 10 ms each, on streams that hold a number of them, all of one partition. */
async function served(count: number, hangs = false) {
  const time = new VirtualTime();
  const seen = { asking: 0, askingMost: 0, working: 0, workingMost: 0, together: 0 };
  const committed: Commit[] = [];
  let given = 0;
  const next = (token: string): TakeReply => {
    if (given === count) return { idleMs: null };
    given++;
    return { partition: 0, version: "", claimed: false, token, lines: `${given},${given},0,"x"` };
  };
  const streams = {
    take: async (_: unknown, token: string) => {
      seen.askingMost = Math.max(seen.askingMost, ++seen.asking);
      await time.sleepUntil(time.now() + 1e6);
      seen.asking--;
      return next(token);
    },
    commitTogether: async (asked: readonly AskedCommit[]) => {
      await time.sleepUntil(time.now() + 1e5);
      for (const { commit } of asked) committed.push(commit);
      if (committed.length === count) session.end(false);
      seen.together = Math.max(seen.together, asked.length);
      return asked.map(({ token }) => ({ next: token === "" ? null : next(token) }));
    },
  } as unknown as PartitionStreams;
  const processor = {
    ...{
      instant: false,
      ordered: false,
      limit: Number.POSITIVE_INFINITY,
      fromJson: () => {},
      halt: () => {},
      stateOf: () => "{}",
      report: () => ({}),
    },
    process: async () => {
      seen.workingMost = Math.max(seen.workingMost, ++seen.working);
      await time.sleepUntil(time.now() + 10e6);
      if (hangs) {
        session.end(true);
        await new Promise(() => {});
      }
      seen.working--;
      return null;
    },
    figuresOf: ({ key }: Item) => ({ key }),
  } as unknown as Processor;
  const spec = { workload: "fetch" } as unknown as ProcessorSpec;
  const plan = { order: null, ordered: false, batch: 1, claimAfterMs: 1000 };
  const own = { concurrency: PLACES, host: "h", slot: 0, drift: new SharedArrayBuffer(8) };
  const assignment = { plan, spec, ...own } as unknown as SlotAssignment;
  let cancel = () => {};
  const rung = new Promise<void>((resolve) => {
    cancel = resolve;
  });
  const bell = { wait: () => rung, cancel: () => cancel() } as unknown as SlotBell;
  const leases = new SlotLeases(leaseMemory(PLACES + AHEAD));
  const session: SlotSession = new SlotSession(assignment, streams, bell, leases, () => processor, {
    ...{ time, effort: {} as Effort, work: {} as never },
  });
  await time.run(session.run());
  return { seen, committed };
}

test("a slot whose items keep no order works several of one partition at once, and asks for all of its places with one voice", async () => {
  const { seen, committed } = await served(7);
  expect(seen).toEqual({ asking: 0, askingMost: 1, working: 0, workingMost: PLACES, together: 1 });
  const stretches = committed.flatMap(({ record }) => readRecord(record)?.stretches ?? []);
  expect(stretches.map(({ first, figures }) => [first, figures])).toEqual([1, 2, 3, 4, 5, 6, 7].map((key) => [key, { key }]));
  // Without states to take in none are given, and no names are kept.
  expect(committed.every(({ states }) => states.length === 0)).toBe(true);
});

test("a slot whose work does not end is left with what it had, once it is to end at once, and commits none of it", async () => {
  const { seen, committed } = await served(PLACES, true);
  expect([seen.working, committed]).toEqual([PLACES, []]);
});
