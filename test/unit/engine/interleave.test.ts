import { describe, expect, test } from "bun:test";
import type { RanCase } from "../../../src/engine/run/asked-rates.ts";
import { type Arm, interleave } from "../../../src/engine/run/interleave.ts";
import { type CasePlan, planCases, repeatedCases } from "../../../src/plan/plan.ts";
import { type Mode, scenarioSchema } from "../../../src/scenario/schema.ts";
import { unswept } from "../../../src/scenario/sweep.ts";
import { caseResult } from "../../support/results.ts";

function planned(modes: readonly Mode[], rounds: number, seed = 1): CasePlan[] {
  return repeatedCases(planCases(unswept(scenarioSchema.parse({ title: "x", modes, seed })), 2), rounds);
}

/** Arms that run nothing: what is run is written down. `disturbed`: of an arm's case, for the n-th time. */
function rig(plans: readonly (readonly CasePlan[])[], disturbed: (arm: number, plan: CasePlan, time: number) => boolean = () => false) {
  const ran: string[] = [];
  let stopAfter = Number.POSITIVE_INFINITY;
  const arms = plans.map((own, arm): Arm => {
    const times = new Map<number, number>();
    return {
      plans: own,
      stopped: () => ran.length >= stopAfter,
      runCase: async (index): Promise<RanCase> => {
        const plan = own[index] ?? expect.unreachable();
        const time = (times.get(index) ?? 0) + 1;
        times.set(index, time);
        ran.push(`${"ABC"[arm]} ${plan.mode} ${plan.repeat}`);
        const is = disturbed(arm, plan, time);
        const disturbance = is ? { otherCores: 1, stealMs: 0, calibrationOff: 0, reason: "Others." } : null;
        return { result: { ...caseResult({ mode: plan.mode }), disturbed: disturbance }, verdicts: [] };
      },
    };
  });
  return { arms, ran, stopAfter: (count: number) => (stopAfter = count) };
}

const RULES = { seed: 1, mostReruns: 2 };

describe("arms that are interleaved", () => {
  test("run each case side by side, and each is first in half of the rounds", async () => {
    const plans = planned(["sync", "async"], 8);
    const { arms, ran } = rig([plans, planned(["sync", "async"], 8, 2)]);
    expect(await interleave(arms, RULES)).toEqual({ reruns: [0, 0], refused: false });
    expect(ran).toHaveLength(32);
    for (let i = 0; i < 32; i += 2) {
      const [one, other] = [ran[i] ?? "", ran[i + 1] ?? ""];
      expect(one.slice(2)).toBe(other.slice(2));
      expect([one[0], other[0]].toSorted()).toEqual(["A", "B"]);
    }
    const firsts = (mode: string) => ran.filter((name, i) => i % 2 === 0 && name.startsWith("A") && name.includes(` ${mode} `));
    expect([firsts("sync").length, firsts("async").length]).toEqual([4, 4]);
  });

  test("are shuffled by the seed, the same for the same", async () => {
    const order = async (seed: number) => {
      const { arms, ran } = rig([planned(["sync"], 20), planned(["sync"], 20), planned(["sync"], 20)]);
      await interleave(arms, { ...RULES, seed });
      return ran.map(([arm]) => arm).join("");
    };
    expect(await order(1)).toBe(await order(1));
    expect(await order(1)).not.toBe(await order(2));
    expect(new Set((await order(1)).match(/.../g)).size).toBeGreaterThan(3);
  });

  test("are prepared before each round but the first, none of whose cases has run", async () => {
    const { arms, ran } = rig([planned(["sync", "async"], 3), planned(["sync", "async"], 3)]);
    const prepared: number[] = [];
    const betweenRounds = async () => void prepared.push(ran.length);
    await interleave(arms, { ...RULES, betweenRounds });
    expect(prepared).toEqual([4, 8]);
  });

  test("leave out cases that only one of them has", async () => {
    const { arms, ran } = rig([planned(["sync", "async"], 2), planned(["async", "parallel"], 2)]);
    await interleave(arms, RULES);
    expect(ran.toSorted()).toEqual(["A async 0", "A async 1", "B async 0", "B async 1"]);
  });

  test("run a disturbed case again at once, at most so many times, and tell how often", async () => {
    const disturbed = (arm: number, { repeat }: CasePlan, time: number) => arm === 1 && (repeat === 0 ? time === 1 : repeat === 2);
    const { arms, ran } = rig([planned(["sync"], 3), planned(["sync"], 3)], disturbed);
    expect(await interleave(arms, RULES)).toEqual({ reruns: [0, 3], refused: false });
    expect(ran.filter((name) => name.startsWith("B"))).toEqual(["B sync 0", "B sync 0", "B sync 1", "B sync 2", "B sync 2", "B sync 2"]);
    expect(ran.indexOf("B sync 0") + 1).toBe(ran.lastIndexOf("B sync 0"));
    const never = rig([planned(["sync"], 3)], () => true);
    expect(await interleave(never.arms, { ...RULES, mostReruns: 0 })).toEqual({ reruns: [0], refused: false });
    expect(never.ran).toHaveLength(3);
  });

  test("end at a case that stayed disturbed, where that is the rule", async () => {
    const { arms, ran } = rig([planned(["sync"], 6), planned(["sync"], 6)], (arm, { repeat }) => arm === 0 && repeat === 1);
    expect(await interleave(arms, { ...RULES, endsRefused: true })).toEqual({ reruns: [2, 0], refused: true });
    expect(ran.slice(-3)).toEqual(new Array(3).fill("A sync 1"));
    const quiet = rig([planned(["sync"], 2)], (_, __, time) => time === 1);
    expect(await interleave(quiet.arms, { ...RULES, endsRefused: true })).toEqual({ reruns: [2], refused: false });
  });

  test("begin nothing once one is stopped", async () => {
    const { arms, ran, stopAfter } = rig([planned(["sync"], 6), planned(["sync"], 6)], () => true);
    stopAfter(3);
    expect((await interleave(arms, { ...RULES, mostReruns: 9 })).reruns.toSorted()).toEqual([0, 2]);
    expect(ran).toHaveLength(3);
  });
});
