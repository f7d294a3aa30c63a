import { describe, expect, test } from "bun:test";
import { problemOf } from "../../../src/engine/runner/checks.ts";
import { Random } from "../../../src/kernel/random.ts";
import { VirtualTime } from "../../../src/kernel/virtual-time.ts";
import { type Scenario, scenarioSchema } from "../../../src/scenario/schema.ts";
import { EMPTY_LEDGER } from "../../../src/telemetry/ledger.ts";
import type { SelfCheck } from "../../../src/telemetry/result.ts";
import { rounds } from "../../support/campaign.ts";
import { PLANTED, type PlantedFault, WARMUP } from "../../support/planted/measurement.ts";
import { randomCase } from "../../support/random-scenarios.ts";
import { runVirtually } from "../../support/virtual-run.ts";

const load = { executor: "constant-arrival-rate", rate: 400, duration: "350ms", arrivals: "poisson" };
/** A line forms, before the queue as well as in it: it has 10 places for what comes four times as fast as it is done. */
const line = { title: "planted", load, work: { kind: "cpu", time: "9600us" }, keys: { count: 3 }, queue: { capacity: 10 } };

const SCENARIOS: Readonly<Record<PlantedFault["in"], Scenario>> = {
  line: scenarioSchema.parse(line),
  drops: scenarioSchema.parse({ ...line, queue: { capacity: 10, overflow: "drop-newest" } }),
  "warm-up": scenarioSchema.parse({ ...line, warmup: `${WARMUP / 1e6}ms` }),
  batches: scenarioSchema.parse({ ...line, batch: { size: 4 }, keys: { count: 1 } }),
};

const MODES = ["sync", "async", "parallel"] as const;

const NAMES = [
  "ledger",
  "countedOnce",
  "keyOrder",
  "clock",
  "departures",
  "littlesLaw",
  "parts",
  "histograms",
  "series",
  "highWater",
  "waiting",
  "inFlight",
] as const satisfies readonly SelfCheck["name"][];

describe("P1-S a run checks its own measuring", () => {
  const planted = MODES.flatMap((mode) => PLANTED.filter(({ inQueue }) => mode !== "sync" || !inQueue).map((one) => ({ ...one, mode })));

  test.each(planted)("$mode, $fault: $caughtBy finds it", async ({ plant, caughtBy, mode, in: where }) => {
    const takeOut = plant();
    const { result } = await runVirtually(SCENARIOS[where], mode).finally(takeOut);
    expect(result.checks?.filter(({ ok }) => !ok).map(({ name }) => name)).toContain(caughtBy);
    expect(result.status).toBe("invalid");
    expect(result.problems.length).toBeGreaterThan(0);
  });

  test.each(NAMES)("what %s finds is told in one sentence, with figures that agree", (name) => {
    const ledger = { ...EMPTY_LEDGER, scheduled: 300 };
    for (const figure of [1, -1, 2, -2, 0.25]) {
      const sentence = problemOf({ name, ok: false, figure }, { ledger });
      expect(sentence).toMatch(/^[A-Z0-9].*[^.]\.$/);
      expect(sentence).not.toMatch(/\b1 (items|are|were)\b|-\d|NaN/);
    }
  });

  test("every check holds however long a thread is kept from its core between two looks at the clock", async () => {
    const random = new Random(7, "kept");
    const { now, turn } = VirtualTime.prototype;
    // Mostly next to nothing; now and then so long that a queue's worth of messages would be off by it.
    VirtualTime.prototype.now = function (this: VirtualTime) {
      this.spend(random.unit() < 0.02 ? 2e6 : 100);
      return now.call(this);
    };
    // Where nothing is due a loop gives the next turn at once.
    VirtualTime.prototype.turn = () => Promise.resolve();
    try {
      const burst = { executor: "bursts", size: 5000, every: "50ms", count: 2 };
      const instant = scenarioSchema.parse({ ...line, load: burst, work: { kind: "none" }, queue: { capacity: 50 }, batch: { size: 10 } });
      for (const scenario of [instant, ...Object.values(SCENARIOS)]) {
        for (const mode of ["sync", "async"] as const) {
          const { result } = await runVirtually(scenario, mode);
          expect([result.status, result.problems]).toEqual(["completed", []]);
        }
      }
    } finally {
      Object.assign(VirtualTime.prototype, { now, turn });
    }
  });

  test("of a run without a mistake every check holds, whatever the scenario", async () => {
    for (const scenario of Object.values(SCENARIOS)) {
      for (const mode of MODES) {
        const { result } = await runVirtually(scenario, mode);
        expect([result.status, result.problems]).toEqual(["completed", []]);
      }
    }
    for (let i = 0; i < rounds(60); i++) {
      const one = randomCase(15, i);
      if (one === null) continue;
      const { result } = await runVirtually(one.scenario, one.mode, one);
      expect(result.checks?.filter(({ ok }) => !ok)).toEqual([]);
      expect(result.littlesLaw.relativeError).toBeLessThan(1e-6);
    }
  });
});
