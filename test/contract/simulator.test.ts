import { expect, setDefaultTimeout, test } from "bun:test";
import type { Histogram } from "../../src/kernel/histogram.ts";
import type { Scenario } from "../../src/scenario/schema.ts";
import { droppedTotal } from "../../src/telemetry/ledger.ts";
import { machineOf } from "../../src/theory/simulate/machine.ts";
import { type Simulated, simulateOn } from "../../src/theory/simulate.ts";
import { patience, rounds } from "../support/campaign.ts";
import { type RandomCase, randomCase } from "../support/random-scenarios.ts";
import { runVirtually, type VirtualOutcome } from "../support/virtual-run.ts";

setDefaultTimeout(patience(60_000));

/**
 * The simulator beside the executors themselves, on a virtual clock, over random scenarios of every setting: `bun test` runs a
 * slice, `bun run verify` some thousands, and prints how near they come, by class, as the README has it.
 */
const CASES = rounds(160, 4000);
const SEED = Number(process.env["LAB_TUI_SEED"] ?? 1);
const NEAR = 0.03;
/** Sums of the same times in another order differ by as little. */
const SAME = 1e-6;

interface Class {
  cases: number;
  near: number;
  /** Cases in which they say the same. */
  same: number;
  /** The largest deviation of throughput, mean and 99th percentile. */
  worst: number;
}

/**
 * What may be further off, where Workers work, with the reason and how far. On a virtual clock whatever takes the same time ends at the
 * same instant, and which of two things at one instant comes first is nobody's rule.
 */
const EXCEPTIONS: readonly { readonly why: string; readonly far: number; readonly holds: (scenario: Scenario) => boolean }[] = [
  {
    why: "all messages take the same time: much ends at one instant, and what comes first decides who is dealt with",
    far: 0.15,
    holds: ({ work }) => work.distribution === "constant",
  },
  {
    why: "a drop rule: one message dropped more or less moves what comes after it",
    far: 0.1,
    holds: ({ queue }) => queue.overflow !== "block" && queue.capacity !== "unlimited",
  },
  {
    why: "a run that is over waits for what was asked of its Workers, and they work on meanwhile",
    far: 0.15,
    holds: ({ queries, gracefulStop }) => queries.rate > 0 && queries.consistency === "strong" && gracefulStop < 30e6,
  },
];

/** How far off a case may be: where several of the reasons hold, each may have its part. */
function farthest({ mode, scenario }: RandomCase): number {
  if (mode === "sync" || (mode === "async" && scenario.async.offload === "none")) return NEAR;
  return EXCEPTIONS.reduce((sum, { far, holds }) => (holds(scenario) ? sum + far : sum), NEAR);
}

test("P1-S the simulator says what the executors do, in every mode and setting", async () => {
  const classes = new Map<string, Class>();
  const far: string[] = [];
  for (let i = 0, done = 0; done < CASES; i++) {
    const one = randomCase(SEED, i);
    if (one === null) continue;
    const apart = await compared(one);
    if (apart === null) continue;
    done++;
    const { off, same } = apart;
    note(classes, classOf(one), apart);
    // One after another, everything has its order.
    if (!same && one.mode === "sync") far.push(`case ${i} of seed ${SEED} (${classOf(one)}): not the same`);
    if (off > farthest(one)) far.push(`case ${i} of seed ${SEED} (${classOf(one)}): ${(100 * off).toFixed(1)} %`);
  }
  if (CASES >= 1000) console.log(tableOf(classes));
  expect(far).toEqual([]);
  const all = [...classes.values()];
  const near = all.reduce((sum, one) => sum + one.near, 0);
  // The exceptions stay exceptions.
  expect(near / CASES).toBeGreaterThan(0.985);
  // But for what comes at one instant they say the same to the last digit.
  const same = all.reduce((sum, one) => sum + one.same, 0);
  expect(same / CASES).toBeGreaterThan(0.98);
});

test("what ends at one instant goes on in the order in which it began to wait: a batch whose time is up, then who is answered just then", async () => {
  const one = randomCase(99, 1058);
  if (one === null || !("vus" in one.scenario.load)) throw new Error("another case is drawn");
  expect((await compared(one))?.off).toBeLessThan(1e-9);
});

interface Apart {
  /** The largest deviation of throughput, mean sojourn and its 99th percentile. */
  readonly off: number;
  /** Every count and every time is the same. */
  readonly same: boolean;
}

/** How far apart the two are. Null: the run was broken off, since a message took so long that nobody was answered any more. */
async function compared(one: RandomCase): Promise<Apart | null> {
  const machine = machineOf(one);
  if (machine === null) throw new Error("of this work nobody knows how long it takes");
  const measured = await runVirtually(one.scenario, one.mode, one);
  if (measured.result.status === "failed" && "vus" in one.scenario.load) return null;
  // The virtual clock knows of no time to hand over or to answer.
  const simulated = simulateOn({ ...machine, handover: 0, stretch: 1 }, one, Number.POSITIVE_INFINITY);
  return { off: Math.max(...deviations(simulated, measured)), same: isSame(simulated, measured) };
}

function isSame(simulated: Simulated, { result: { ledger, throughput }, sojourn }: VirtualOutcome): boolean {
  const { arrivals, processed, dropped, unfinished } = simulated;
  const counts = [
    arrivals - ledger.scheduled,
    processed - ledger.processed,
    dropped - droppedTotal(ledger),
    unfinished - ledger.unfinished,
  ];
  const times = [
    apart(simulated.throughput, throughput),
    ...(["mean", "stddev", "min", "max"] as const).map((figure) => apart(simulated.sojourn[figure], sojourn[figure])),
    ...[0.5, 0.9, 0.99].map((share) => apart(simulated.sojourn.percentile(share), sojourn.percentile(share))),
  ];
  return counts.every((difference) => difference === 0) && times.every((off) => off <= SAME);
}

function deviations(simulated: Simulated, { result, sojourn }: VirtualOutcome): number[] {
  const { processed } = result.ledger;
  // What was cut short while one message more or less was at hand.
  if (Math.abs(simulated.processed - processed) <= 1 && processed < 20) return [0];
  return [
    apart(simulated.throughput, result.throughput),
    apart(simulated.sojourn.mean, sojourn.mean),
    beyond(simulated.sojourn.percentile(0.99), sojourn),
  ];
}

function apart(simulated: number, measured: number): number {
  return simulated === measured ? 0 : Math.abs(simulated / measured - 1);
}

/** How far beyond the neighbours of the 99th percentile: of n messages it is known to one of them. */
function beyond(simulated: number, sojourn: Histogram): number {
  const low = sojourn.percentile(Math.max(0, 0.99 - 1 / sojourn.count));
  const high = sojourn.percentile(Math.min(1, 0.99 + 1 / sojourn.count));
  if (simulated >= low && simulated <= high) return 0;
  return Math.min(apart(simulated, low), apart(simulated, high));
}

const LOADS = {
  "constant-arrival-rate": "constant rate",
  "ramping-arrival-rate": "ramp",
  bursts: "bursts",
  "constant-vus": "closed loop, by time",
  "shared-iterations": "closed loop, by number",
  replay: "replay",
  once: "once",
} as const;

function classOf({ mode, scenario }: RandomCase): string {
  const helped = mode === "async" && scenario.async.offload !== "none";
  return `${helped ? "async, offload" : mode} | ${LOADS[scenario.load.executor]}`;
}

function note(classes: Map<string, Class>, name: string, { off, same }: Apart): void {
  const one = classes.get(name) ?? { cases: 0, near: 0, same: 0, worst: 0 };
  one.cases++;
  if (same) one.same++;
  if (off <= NEAR) one.near++;
  one.worst = Math.max(one.worst, off);
  classes.set(name, one);
}

/** As the README has it. */
function tableOf(classes: ReadonlyMap<string, Class>): string {
  const rows = [...classes]
    .sort()
    .map(([name, { cases, near, worst }]) => `| ${name} | ${cases} | ${near} | ${(100 * worst).toFixed(2)} % |`);
  const sum = (pick: (one: Class) => number) => [...classes.values()].reduce((total, one) => total + pick(one), 0);
  const worst = Math.max(...[...classes.values()].map((one) => one.worst));
  return [
    "",
    "| mode | load | scenarios | within 3 % | worst |",
    "|---|---|---|---|---|",
    ...rows,
    `| all | | ${sum(({ cases }) => cases)} | ${sum(({ near }) => near)} | ${(100 * worst).toFixed(2)} % |`,
    "",
  ].join("\n");
}
