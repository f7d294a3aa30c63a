import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { AnswerReader, AnswerWriter } from "../../../src/engine/executor/parallel/answer-ring.ts";
import { ALL_KEYS, type WorkerReply } from "../../../src/engine/executor/parallel/link.ts";
import { WorkerPool } from "../../../src/engine/executor/parallel/pool.ts";
import { WorkerSession } from "../../../src/engine/executor/parallel/session.ts";
import { type BeginMessage, SharedSourceLink, sharedWorkers } from "../../../src/engine/executor/parallel/shared-link.ts";
import { sampleInterval } from "../../../src/engine/runner/sampler.ts";
import { ringMemory } from "../../../src/kernel/frame-ring.ts";
import { VirtualTime } from "../../../src/kernel/virtual-time.ts";
import { nextLook } from "../../../src/kernel/wakeup.ts";
import { scenarioSchema } from "../../../src/scenario/schema.ts";
import { MessageStage } from "../../../src/workloads/message/stage.ts";
import { prepareProcessors } from "../../../src/workloads/processors.ts";
import { rounds } from "../../support/campaign.ts";
import { planOf } from "../../support/virtual-setup.ts";
import { newBell, VirtualThread } from "../../support/virtual-workers.ts";

describe("answers of a Worker", () => {
  test("come across as they are and in order; one that has no room is refused, and finds it once others are read", () => {
    const answer = fc.oneof(fc.constant(null), fc.string({ unit: "binary", maxLength: 60 }));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(0xffffffff), answer), { maxLength: 30 }),
        fc.integer({ min: 64, max: 200 }),
        (answers, words) => {
          const memory = ringMemory(words);
          const writer = new AnswerWriter(memory);
          const reader = new AnswerReader(memory);
          const heard: [number, string | null][] = [];
          const hear = (id: number, json: string | null) => heard.push([id, json]);
          for (const [id, json] of answers) {
            if (writer.write(id, json)) continue;
            expect(reader.read(hear)).toBe(true);
            expect(writer.write(id, json)).toBe(true);
          }
          reader.read(hear);
          expect(heard).toEqual(answers.map(([id, json]) => [id, json?.toWellFormed() ?? null]));
          expect(reader.read(hear)).toBe(false);
        },
      ),
      { numRuns: rounds(30) },
    );
  });

  /** A Worker of its own, with so many machines, that works on nothing but messages that take no time; what it posts, and how it sleeps. */
  async function worker(machines: number) {
    const time = new VirtualTime();
    const posted: WorkerReply["type"][] = [];
    const slept: { readonly ms: number; readonly soon: boolean }[] = [];
    /** Nothing but its bell wakes it. */
    class Sleeper extends VirtualThread {
      constructor(private readonly link: SharedSourceLink) {
        super(time, link);
      }

      override sleep(seen: number, _: () => boolean, ms: number, soon = false): Promise<void> {
        slept.push({ ms, soon });
        return new Promise((resolve) => {
          let asleep = true;
          time.watch(() => {
            if (!asleep || this.link.calls === seen) return false;
            asleep = false;
            resolve();
            return true;
          });
        });
      }
    }
    const spawn = sharedWorkers(newBell(), (hear) => {
      const reply = (said: WorkerReply) => {
        posted.push(said.type);
        hear(said);
      };
      const serve = async ({ assignment, memory }: BeginMessage) => {
        const link = new SharedSourceLink(memory, assignment.warmup, reply);
        const session = new WorkerSession(assignment, link, await prepareProcessors(assignment.processor), new Sleeper(link));
        reply({ type: "ready" });
        reply(await session.run());
      };
      return { postMessage: (message) => void serve(message), terminate: async () => {} };
    });
    const scenario = scenarioSchema.parse({ title: "t", load: { executor: "bursts", size: 1 }, work: { kind: "none" } });
    const { spec } = await MessageStage.open(planOf(scenario, "parallel"), 1);
    if (spec.workload !== "message") throw new Error("unreachable");
    const processor = { ...spec, keys: { ...spec.keys, prepared: machines, threads: 1 } };
    const pool = new WorkerPool(1, spawn);
    const session = await time.run(pool.begin({ processor, slots: [1], warmup: 0, snapshots: false }, 1 << 10));
    session.startAt(0);
    time.watch(session.look);
    return { time, session, posted, slept };
  }

  /** Asks for the state of one machine, for all their names, and for a machine that is none; what was posted meanwhile. */
  async function ask(machines: number) {
    const { time, session, posted } = await worker(machines);
    const asked = Promise.all([session.ask(0, 0), session.ask(0, ALL_KEYS), session.ask(0, machines)]);
    const [one, names, none] = await time.run(asked);
    await time.run(session.end(false));
    expect(JSON.parse(one ?? "")).toBeObject();
    expect(JSON.parse(names ?? "")).toHaveLength(machines);
    expect(none).toBeNull();
    return posted;
  }

  test("are not posted, but what the ring has no room for", async () => {
    expect(await ask(10)).toEqual(["ready", "done"]);
    expect(await ask(50_000)).toEqual(["ready", "answer", "done"]);
  });

  test("wake it once each: it sleeps until its bell rings, and does not look for messages where there were none", async () => {
    const { time, session, slept } = await worker(10);
    for (let i = 1; i <= 50; i++) {
      await time.run(time.sleepUntil(i * 200e6));
      await time.run(session.ask(0, i % 10));
    }
    // Once before t = 0, once after, and once after each of the questions.
    expect(slept.length).toBeWithin(51, 53);
    expect(slept.filter(({ ms, soon }) => ms < 1000 || soon)).toEqual([]);
    await time.run(session.end(false));
  });
});

test("all who wait look at the same instants, those at which samples are taken", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e15, noNaN: true }), fc.integer({ min: 1, max: 60_000_000_000_000 }), (now, load) => {
      const look = nextLook(now);
      expect([look > now, look - now <= 100e6, look % sampleInterval(1)]).toEqual([true, true, 0]);
      expect(sampleInterval(load)).toBeGreaterThanOrEqual(sampleInterval(1));
    }),
  );
});
