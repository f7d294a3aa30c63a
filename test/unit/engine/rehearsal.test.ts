import { describe, expect, test } from "bun:test";
import { AsyncExecutor } from "../../../src/engine/executor/async.ts";
import type { Executor, Job } from "../../../src/engine/executor/executor.ts";
import { SyncExecutor } from "../../../src/engine/executor/sync.ts";
import { rehearse } from "../../../src/engine/runner/rehearsal.ts";
import { rehearsalNote, rehearsalShare } from "../../../src/engine/runner/rehearsal-share.ts";
import { type Mode, scenarioSchema } from "../../../src/scenario/schema.ts";
import { virtualSetup } from "../../support/virtual-setup.ts";

const LOADS = {
  "evenly spaced": { executor: "constant-arrival-rate", rate: 500, duration: "10s" },
  "Poisson, moved": { executor: "constant-arrival-rate", rate: 3, duration: "10s", arrivals: "poisson", jitter: "1s" },
  ramping: { executor: "ramping-arrival-rate", startRate: 0, stages: [{ target: 2000, duration: "10s" }] },
  bursts: { executor: "bursts", size: 100, count: 10 },
  "a replay": { executor: "replay", file: "./messages.jsonl" },
  "a closed loop": { executor: "constant-vus", vus: 10, duration: "10s" },
};

describe("rehearsal", () => {
  /** Rehearses on a virtual clock; what each round came to. */
  async function rounds(mode: Mode, load: object, count: number, stopAfter = Number.POSITIVE_INFINITY, share = 1) {
    const scenario = scenarioSchema.parse({ title: "t", load, work: { kind: "cpu", time: "1ms" } });
    const setup = await virtualSetup(scenario, mode);
    const { time } = setup;
    const real: Executor = mode === "sync" ? new SyncExecutor() : new AsyncExecutor();
    const seen: { readonly taken: number; readonly processed: number; readonly idle: number; readonly from: number }[] = [];
    const executor: Executor = {
      execute: async (job: Job) => {
        const idle = time.idle;
        let from = 0;
        const begin = () => {
          const origin = job.begin();
          from = time.now();
          return origin;
        };
        const execution = await time.run(real.execute({ ...job, begin }));
        const { processed } = job.recorder.counts();
        seen.push({ taken: job.source.takenTotal, processed, idle: time.idle - idle, from });
        return execution;
      },
      close: () => real.close(),
    };
    await rehearse(setup, executor, { count, share, stopped: () => seen.length >= stopAfter });
    return seen;
  }

  for (const mode of ["sync", "async"] as const) {
    test.each(Object.keys(LOADS) as (keyof typeof LOADS)[])(
      `${mode}, %s: what is taken is worked off, and waits are rehearsed where the case has them`,
      async (kind) => {
        const paced = "rate" in LOADS[kind] || "startRate" in LOADS[kind];
        for (const count of [0, 1, 5000]) {
          const seen = await rounds(mode, LOADS[kind], count);
          expect(seen).toHaveLength(3);
          for (const { taken, processed } of seen) {
            expect(processed).toBe(taken);
            expect(taken).toBeGreaterThanOrEqual(count === 5000 ? 5000 : 250);
            expect(taken).toBeLessThan(7000);
          }
          // Later rounds are at instants of more than 32 bits.
          expect(seen.map(({ from }) => from >= 2 ** 32)).toEqual([false, paced, paced]);
          if (paced && count === 5000) expect(seen[1]?.idle).toBeGreaterThan(50e6);
          if (paced) expect((seen[1]?.idle ?? 0) / 1e6).toBeLessThan(101);
        }
      },
    );
  }

  test("ends after the round in which it was stopped", async () => {
    expect(await rounds("sync", LOADS.ramping, 5000, 1)).toHaveLength(1);
    expect(await rounds("sync", LOADS.ramping, 5000, 0)).toHaveLength(0);
  });

  test("a share of it has that share of the messages", async () => {
    const taken = async (share: number) => (await rounds("sync", LOADS.bursts, 5000, 1, share))[0]?.taken ?? 0;
    expect((await taken(1)) * 0.01).toBeCloseTo(await taken(0.01), 0);
  });

  test("the environment names a share above 0 and up to 1", () => {
    expect(["0.01", "1", "", "0", "-1", "2", "much"].map((text) => rehearsalShare(text))).toEqual([0.01, 1, 1, 1, 1, 1, 1]);
  });

  test("a shortened one is among the warnings", () => {
    expect(rehearsalNote(1)).toBeNull();
    expect(rehearsalNote(0.01)).toStartWith("LAB_TUI_REHEARSAL shortened the rehearsal to 1 % of its usual length");
  });
});
