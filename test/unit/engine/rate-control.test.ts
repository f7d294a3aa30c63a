import { describe, expect, test } from "bun:test";
import type { ChangedLoad } from "../../../src/engine/protocol.ts";
import { Random } from "../../../src/kernel/random.ts";
import { openTape } from "../../../src/load/open.ts";
import { Arrival } from "../../../src/load/tape.ts";
import { type Mode, type Scenario, scenarioSchema } from "../../../src/scenario/schema.ts";
import type { RateStep } from "../../../src/telemetry/rate-changes.ts";
import { rounds } from "../../support/campaign.ts";
import { Draw } from "../../support/draw.ts";
import { runVirtually } from "../../support/virtual-run.ts";

/** A step of the rate, or a stop, and when it is asked for, in milliseconds. */
type Step = readonly [atMs: number, step: RateStep | "stop"];

interface Steered {
  readonly scheduled: number;
  readonly count: number;
  readonly wrong: readonly unknown[];
  /** What each step has changed. */
  readonly changes: readonly (ChangedLoad | null)[];
  /** Due times of the items taken, in microseconds, and those of the tape as it was changed. */
  readonly taken: readonly number[];
  readonly tape: readonly number[];
}

/** Runs a case on a virtual clock whose rate is changed meanwhile. */
async function steered(scenario: Scenario, mode: Mode, steps: readonly Step[]): Promise<Steered> {
  const changes: (ChangedLoad | null)[] = [];
  const taken: number[] = [];
  const retroactive: number[] = [];
  let asRun = () => scenario;
  const { result } = await runVirtually(scenario, mode, { workers: 2, cores: 2 }, ({ control, time, source, stop }) => {
    asRun = () => control.scenario;
    for (const [atMs, step] of steps) {
      void time.sleepUntil(atMs * 1e6).then(() => {
        if (step === "stop") return stop();
        const change = control.step(step, time.now());
        changes.push(change);
        if (change !== null && change.at * 1000 < time.now()) retroactive.push(change.at);
      });
    }
    const take = source.take.bind(source);
    source.take = (now) => {
      taken.push(source.nextDue / 1000);
      return take(now);
    };
  });
  const wrong = [...retroactive, ...result.problems, ...(result.checks ?? []).filter(({ ok }) => !ok)];
  return { scheduled: result.ledger.scheduled, count: result.tape.count, wrong, changes, taken, tape: duesOf(asRun()) };
}

function duesOf(scenario: Scenario): number[] {
  const tape = openTape(scenario, () => null);
  const arrival = new Arrival();
  const dues = [];
  while (tape.next(arrival)) dues.push(arrival.dueMicros);
  return dues;
}

const scenarioOf = (change: object): Scenario => scenarioSchema.parse({ title: "x", work: { kind: "cpu", time: "2ms" }, ...change });
const constant = (change: object) => ({ executor: "constant-arrival-rate", rate: 300, duration: "1s", ...change });
const ramp = (change: object) => ({
  executor: "ramping-arrival-rate",
  startRate: 50,
  stages: [
    { target: 500, duration: "600ms" },
    { target: 100, duration: "400ms" },
  ],
  ...change,
});

describe("a rate that is changed while a case runs", () => {
  test("takes effect right after the next arrival, which is waited for already", async () => {
    const { changes, taken, scheduled } = await steered(scenarioOf({ load: constant({ rate: 100 }) }), "async", [[504, "up"]]);
    expect(changes.map((change) => change?.at)).toEqual([510_001]);
    // Gaps of 10 ms up to 510 ms, and of 8 ms after it.
    expect(taken.slice(50, 54)).toEqual([500_000, 510_000, 518_000, 526_000]);
    expect(scheduled).toBe(51 + 61);
  });

  test("has the case end after the last arrival of the changed tape, whatever the last one was to be", async () => {
    const load = constant({ rate: 10 });
    const ups = new Array<Step>(5).fill([10, "up"]);
    const { taken, tape, wrong } = await steered(scenarioOf({ load, gracefulStop: "20ms" }), "async", ups);
    expect(tape.at(-1)).toBeGreaterThan(950_000);
    expect([taken, wrong]).toEqual([tape, []]);
  });

  const modes: readonly Mode[] = ["sync", "async", "parallel"];
  test.each(modes)("leaves %s with every item of the changed tape, each at its time, and every check kept", async (mode) => {
    const draw = new Draw(new Random(7, mode));
    for (let seed = 0; seed < rounds(10); seed++) {
      const load = draw.of<(change: object) => { readonly executor: string }>(
        constant,
        ramp,
      )({ arrivals: draw.of("uniform", "poisson"), jitter: draw.of("0ms", "20ms") });
      const scenario = scenarioOf({
        ...{ load, seed, warmup: draw.of("0ms", "200ms"), keys: { count: 5 } },
        source: { latency: draw.of("0ms", "1ms"), connections: 3 },
        queue: { capacity: 50, overflow: draw.of("block", "drop-newest", "drop-oldest") },
      });
      const steps = [200, 500, 700].map((most): Step => [draw.between(1, most), draw.of("up", "down")]);
      const { scheduled, count, wrong, changes, taken, tape } = await steered(scenario, mode, steps);
      expect([seed, wrong, changes.includes(null)]).toEqual([seed, [], false]);
      expect([scheduled, count, taken.length]).toEqual([tape.length, tape.length, tape.length]);
      const off = Math.max(...taken.map((due, i) => Math.abs(due - (tape[i] ?? 0))));
      expect(off).toBeLessThanOrEqual(load.executor === "constant-arrival-rate" ? 0 : 1);
    }
  });

  test("is not changed where no arrival is to come that it could change, nor of a load without one", async () => {
    const slow = { work: { kind: "io", time: "300ms" }, async: { concurrency: 10 } };
    const last = await steered(scenarioOf({ ...slow, load: constant({ rate: 10 }) }), "async", [
      [895, "down"],
      [950, "up"],
      [1100, "up"],
    ]);
    expect(last.changes.map((change) => change?.at ?? null)).toEqual([null, null, null]);
    expect(last).toMatchObject({ scheduled: 10, count: 10, wrong: [] });
    const random = { ...slow, load: constant({ rate: 10, arrivals: "poisson" }), work: { kind: "io", time: "1s" } };
    expect(await steered(scenarioOf(random), "async", [[999, "up"]])).toMatchObject({ changes: [null], wrong: [] });
    const stopped = await steered(scenarioOf({ load: constant({}) }), "async", [
      [500, "stop"],
      [500, "up"],
    ]);
    expect(stopped).toMatchObject({ changes: [null], wrong: [] });
    const bursts = scenarioOf({ load: { executor: "bursts", size: 5, every: "1s", count: 3 } });
    expect(await steered(bursts, "async", [[500, "down"]])).toMatchObject({ changes: [null], scheduled: 15, wrong: [] });
  });
});
