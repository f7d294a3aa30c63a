import { describe, expect, test } from "bun:test";
import { CaseSampler } from "../../../src/engine/runner/sampler.ts";
import { Offered } from "../../../src/load/offered.ts";
import type { Throttling } from "../../../src/telemetry/cgroup.ts";
import type { MachineReading } from "../../../src/telemetry/machine-use.ts";
import type { Sample } from "../../../src/telemetry/sample.ts";

const MS = 1e6;

/** Two cores: the lab has one to itself, others what is left by `others` of the other, as it goes from reading to reading. */
class Planted {
  readonly allowance = { cores: 2, places: 2, quota: null, limits: null };
  at = 0;
  private idleMs = 0;
  private stolenMs = 0;
  private throttledMs = 0;

  constructor(
    private readonly others: (at: number) => number,
    private readonly stolen: (at: number) => number = () => 0,
    private readonly throttled: (at: number) => number = () => 0,
  ) {}

  advance(ms: number): void {
    for (let i = 0; i < ms; i++) {
      this.idleMs += 1 - this.others(this.at) - this.stolen(this.at);
      this.stolenMs += this.stolen(this.at);
      this.throttledMs += this.throttled(this.at);
      this.at++;
    }
  }

  read(): MachineReading {
    const core = (number: number, idle: number, stolen: number) => ({
      core: number,
      busy: this.at - idle,
      total: this.at,
      idle,
      interrupts: 0,
      stolen,
    });
    return { at: this.at, cores: [core(0, 0, 0), core(1, this.idleMs, this.stolenMs)], labMs: this.at, throttled: this.readThrottled() };
  }

  readThrottled(): readonly Throttling[] {
    return [{ group: "/a", throttledMs: this.throttledMs }];
  }
}

function sampled(machine: Planted, ms: number, warmup = 0): { readonly samples: readonly Sample[]; readonly sampler: CaseSampler } {
  const samples: Sample[] = [];
  const offered = new Offered({ next: () => Number.POSITIVE_INFINITY, together: 1, close: () => {} }, 0);
  const sampler = new CaseSampler(
    offered,
    () => 0,
    warmup * MS,
    100 * MS,
    (sample) => samples.push(sample),
    machine,
  );
  machine.advance(5000);
  sampler.begin();
  for (let t = 100; t <= ms; t += 100) {
    machine.advance(100);
    sampler.sample(t * MS);
  }
  return { samples, sampler };
}

describe("what the machine did beside a case, at every sample", () => {
  test("what others used until then, and of the whole case", () => {
    const { samples, sampler } = sampled(new Planted((at) => (at < 7000 ? 0 : 0.6)), 4000);
    expect(samples[5]?.otherCores).toBeCloseTo(0, 9);
    expect(samples[35]?.otherCores).toBeCloseTo(0.6, 9);
    expect(samples[35]?.cores).toEqual([1, expect.closeTo(0.6, 9)]);
    expect(sampler.usage.machineSinceStart()).toMatchObject({ spanMs: 4000, otherCores: expect.closeTo(0.3, 9), stealMs: 0, cores: 2 });
  });

  test("what was before the case, or in its warm-up, is none of it", () => {
    const { sampler } = sampled(
      new Planted(
        (at) => (at < 6000 ? 0.5 : 0.1),
        (at) => (at < 6000 ? 0.5 : 0.05),
      ),
      3000,
      1000,
    );
    expect(sampler.usage.machineSinceStart()).toMatchObject({
      spanMs: 2000,
      otherCores: expect.closeTo(0.1, 9),
      stealMs: expect.closeTo(100, 6),
    });
  });
});

describe("levels that become known late", () => {
  test("make up for what was told before: in all, as much is told as there was", () => {
    const samples: Sample[] = [];
    const offered = new Offered({ next: () => Number.POSITIVE_INFINITY, together: 1, close: () => {} }, 0);
    const sampler = new CaseSampler(
      offered,
      () => 0,
      0,
      100 * MS,
      (sample) => samples.push(sample),
      new Planted(() => 0),
    );
    // An item of 150 ms of which it is known only after 200 ms that it has ended.
    const known = new Map([100, 200, 300, 400].map((ms, i) => [ms * MS, [100, 200, 150, 250][i] ?? 0]));
    const levels = (now: number) => (known.get(now) ?? 0) * MS;
    sampler.observe([], { waiting: levels, begun: levels, highWater: () => 0, blocked: () => 0 });
    sampler.begin();
    for (const now of known.keys()) sampler.sample(now);
    expect(samples.map(({ depth, inFlight }) => [depth, inFlight])).toEqual([
      [1, 1],
      [1, 1],
      [0, 0],
      [0.5, 0.5],
    ]);
    expect(sampler.levels).toEqual({ waiting: 250 * MS, inFlight: 250 * MS });
  });
});
