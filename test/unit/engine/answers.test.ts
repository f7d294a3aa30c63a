import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { WorkerPool } from "../../../src/engine/executor/worker-pool.ts";
import { MessageStage } from "../../../src/engine/stage/message-stage.ts";
import { AnswerReader, AnswerWriter } from "../../../src/engine/transport/answers.ts";
import { ALL_KEYS, type WorkerReply } from "../../../src/engine/transport/worker-protocol.ts";
import { ringMemory } from "../../../src/kernel/frame-ring.ts";
import { BELL_BYTES, VirtualTime } from "../../../src/kernel/time.ts";
import { scenarioSchema } from "../../../src/scenario/schema.ts";
import { rounds } from "../../support/campaign.ts";
import { planOf } from "../../support/virtual-setup.ts";
import { virtualWorkers } from "../../support/virtual-workers.ts";

describe("answers of a Worker", () => {
  test("come across as they are and in order; one that has no room is refused, and finds it once others are read", () => {
    const answer = fc.oneof(fc.constant(null), fc.string({ unit: "binary", maxLength: 60 }));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(0xffffffff), answer), { maxLength: 80 }),
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
      { numRuns: rounds(50) },
    );
  });

  /** Asks a Worker with so many machines for the state of one and for all their names; what it posted meanwhile. */
  async function ask(machines: number) {
    const time = new VirtualTime();
    const posted: WorkerReply["type"][] = [];
    const spawn = virtualWorkers(time, 1);
    const pool = new WorkerPool(1, (hear, lose) =>
      spawn((reply) => {
        posted.push(reply.type);
        hear(reply);
      }, lose),
    );
    const scenario = scenarioSchema.parse({ title: "t", load: { executor: "bursts", size: 1 }, work: { kind: "none" } });
    const { spec } = await MessageStage.open(planOf(scenario, "parallel"), 1);
    if (spec.workload !== "message") throw new Error("unreachable");
    const processor = { ...spec, keys: { ...spec.keys, prepared: machines, threads: 1 } };
    const bell = new Int32Array(new SharedArrayBuffer(BELL_BYTES));
    const answers = await time.run(
      (async () => {
        const session = await pool.begin({ processor, slots: [1], warmup: 0, snapshots: false }, 1 << 10, bell);
        session.startAt(0);
        time.watch(session.look);
        const asked = await Promise.all([session.ask(0, 0), session.ask(0, ALL_KEYS), session.ask(0, machines)]);
        await session.end(false);
        return asked;
      })(),
    );
    const [one, names, none] = answers;
    expect(JSON.parse(one ?? "")).toBeObject();
    expect(JSON.parse(names ?? "")).toHaveLength(machines);
    expect(none).toBeNull();
    return posted;
  }

  test("are not posted, but what the ring has no room for", async () => {
    expect(await ask(10)).toEqual(["ready", "done"]);
    expect(await ask(50_000)).toEqual(["ready", "answer", "done"]);
  });
});
