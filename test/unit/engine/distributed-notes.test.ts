import { describe, expect, test } from "bun:test";
import { RedisSilence } from "../../../src/engine/executor/distributed/redis-silence.ts";
import { type RunEvents, runNotes } from "../../../src/engine/executor/distributed/run-notes.ts";

const MS = 1e6;

describe("what a run of mode distributed says of itself", () => {
  const host = { name: "a", status: "ok", clockErrorMs: 0.1 } as const;
  const none: RunEvents = {
    hosts: [host],
    ...{ restarts: 0, resent: 0, again: 0, foreign: 0, claims: 0, claimAfterMs: 100, silence: 250 * MS, slip: 0, median: 10 * MS },
  };
  const said = (events: Partial<RunEvents>) => runNotes({ ...none, ...events });

  test("nothing, where all went well", () => {
    expect(said({})).toEqual([]);
  });

  test("batches that changed hands although all workers are well blame claimAfter; others do not", () => {
    expect(said({ claims: 3 })).toEqual([
      "3 batches were taken over though no worker was lost: by their work, or a pause of the worker, they took longer than distributed.claimAfter (100 ms) without a sign. A longer one would leave them where they are.",
    ]);
    expect(said({ claims: 1 })[0]).toStartWith("1 batch was taken over though no worker was lost: by its work");
    const other = [{ hosts: [{ ...host, status: "lost" as const }] }, { hosts: [{ ...host, status: "late" as const }] }];
    for (const events of [...other, { restarts: 1 }, { silence: 1500 * MS }])
      expect(said({ claims: 3, ...events }).join(" ")).not.toContain("claimAfter");
  });

  test("while the server was silent nobody could be heard: no worker is said to be lost or late", () => {
    const gone = [{ ...host, status: "lost" as const }];
    expect(said({ hosts: gone, silence: 0 })[0]).toContain("was lost");
    expect(said({ hosts: gone, silence: 9e9 })).toEqual([expect.stringContaining("Redis gave no answer for 9.00 s")]);
  });

  test("workers that were lost, or late, are named: one, two, and more", () => {
    const named = (status: "lost" | "late", ...names: readonly string[]) =>
      said({ hosts: [host, ...names.map((name) => ({ ...host, name, status }))] });
    expect(named("lost", "b")).toEqual(["Worker b was lost; what it held was taken over."]);
    expect(named("lost", "b", "c")).toEqual(["Workers b and c were lost; what they held was taken over."]);
    expect(named("late", "b", "c", "d")).toEqual(["Workers b, c and d came late, or came back after a silence."]);
    const both = [host, { ...host, name: "b", status: "lost" as const }, { ...host, name: "c", status: "late" as const }];
    expect(said({ hosts: both, silence: 2000 * MS })).toHaveLength(3);
    expect(said({ hosts: both, silence: 2001 * MS })).toHaveLength(1);
  });

  test("a silence of the server is told after a second, and what is worked again or not of this run from the first", () => {
    expect([said({ silence: 1000 * MS }), said({ silence: 1001 * MS }).length]).toEqual([[], 1]);
    expect(said({ again: 1 })).toEqual(["1 item was worked that had been accounted for before."]);
    expect(said({ foreign: 1 })).toEqual(["1 entry in the stream of results is not of this run."]);
    expect(said({ foreign: 2 })).toEqual(["2 entries in the stream of results are not of this run."]);
    expect(said({ restarts: 1, again: 2, resent: 1 })).toEqual([
      "Redis was restarted during the case: 1 item was sent again, and 2 items were worked again after a commit that it had lost.",
    ]);
  });

  test("clocks that are known less exactly than to a tenth of the median sojourn are told", () => {
    const unsure = (clockErrorMs: number | null, median: number | null = 10 * MS) => said({ hosts: [{ ...host, clockErrorMs }], median });
    expect([unsure(1), unsure(null), unsure(5, null)]).toEqual([[], [], []]);
    expect(unsure(1.1)).toEqual([
      "The clocks of runner and workers are known to 1.10 ms of each other, more than a tenth of the median sojourn of 10.0 ms: shorter times mean nothing.",
    ]);
  });

  test("a clock that was off by more than its error is told", () => {
    expect(said({ slip: 1.1 * MS })).toEqual([]);
    expect(said({ slip: 1.3 * MS })).toEqual([expect.stringMatching(/^A clock was off by 1\.30 ms, more than the 100 µs found/)]);
    const unsure = [{ ...host, clockErrorMs: 0.9 }];
    expect(said({ slip: 1.3 * MS, hosts: unsure })).toEqual([]);
  });

  test("a server that was silent, or restarted, is told although nothing was lost", () => {
    expect(said({ silence: 10_000 * MS })).toEqual(["Redis gave no answer for 10.0 s: what was due meanwhile waited."]);
    expect(said({ restarts: 1 })).toEqual([
      "Redis was restarted during the case: 0 items were sent again, and 0 items were worked again after a commit that it had lost.",
    ]);
  });
});

describe("the silence of a server", () => {
  test("is the longest time between two answers", () => {
    const silence = new RedisSilence();
    silence.begin(0);
    for (let at = 100; at <= 3000; at += 100) {
      silence.look(at * MS);
      if (at <= 700 || at >= 2200) silence.answered((at + 50) * MS);
    }
    expect(silence.longest).toBe(1500 * MS);
  });

  test("is not the time for which this process stood still, nor that after it was last asked", () => {
    const silence = new RedisSilence();
    silence.begin(0);
    silence.look(100 * MS);
    silence.look(20_000 * MS);
    silence.answered(20_050 * MS);
    expect(silence.longest).toBe(350 * MS);
    silence.end();
    for (let at = 21_000; at < 30_000; at += 100) silence.look(at * MS);
    expect(silence.longest).toBe(350 * MS);
  });
});
