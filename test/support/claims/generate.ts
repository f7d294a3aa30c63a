import { Random } from "../../../src/kernel/random.ts";
import { scenarioSchema } from "../../../src/scenario/schema.ts";
import { judgeDisturbance } from "../../../src/telemetry/disturbance.ts";
import type { MeasuredCase } from "../../../src/telemetry/result.ts";
import type { Sample } from "../../../src/telemetry/sample.ts";
import { capacityOf, predict } from "../../../src/theory/predict.ts";
import { type RandomCase, randomCase } from "../random-scenarios.ts";
import { runVirtually, type VirtualOutcome } from "../virtual-run.ts";
import type { Told } from "./claim.ts";

/** Results to be explained: cases run on a virtual clock, and what their figures might have been as well. */

/** The i-th case, run; null where there is none. A fourth of them are asked for about as much as they can do. */
export async function simulatedCase(seed: number, i: number): Promise<Told | null> {
  const drawn = randomCase(seed, i);
  if (drawn === null) return null;
  return virtualCase(i % 4 === 3 ? atCapacity(drawn, new Random(seed, `at capacity ${i}`)) : drawn);
}

/** Arrivals per second of which a second is run in a moment. */
const MOST = 1e7;

/** The same with arrivals that are even, or come by chance, at from 0.97 to 1.06 times what theory says can be done. */
function atCapacity(drawn: RandomCase, random: Random): RandomCase {
  const { capacity } = capacityOf(drawn);
  if (capacity === null || capacity > MOST) return drawn;
  const rate = capacity * (0.97 + 0.09 * random.unit());
  const load = {
    executor: "constant-arrival-rate",
    rate,
    duration: `${Math.max(1000, (800 / rate) * 1e3)}ms`,
    arrivals: random.unit() < 0.7 ? "uniform" : "poisson",
  };
  const parsed = scenarioSchema.parse({ title: "random", load });
  return { ...drawn, scenario: { ...drawn.scenario, load: parsed.load, gracefulStop: 30e6, warmup: 0 } };
}

/** A case run on a virtual clock, on as many virtual Workers as it has, with the figures of a machine that nobody else uses. */
export async function virtualCase(drawn: RandomCase): Promise<Told> {
  const outcome = await runVirtually(drawn.scenario, drawn.mode, drawn);
  return { scenario: drawn.scenario, result: complete(drawn, outcome) };
}

function complete(drawn: RandomCase, outcome: VirtualOutcome): MeasuredCase {
  const { mode, cores } = drawn;
  const { thresholds: _, ...measured } = outcome.result;
  const threads = threadsOf(drawn, outcome);
  const computed = threads.reduce((sum, { utilization }) => sum + utilization, 0);
  return {
    ...measured,
    mode,
    params: {},
    disturbed: null,
    cores: Array.from({ length: cores }, (_, core) => ({ core, utilization: Math.min(1, computed / cores) })),
    process: { ...measured.process, threads },
    predicted: predict(drawn),
    explanation: "",
    series: outcome.samples,
  };
}

/** What each thread computed. */
function threadsOf({ mode, scenario, workers, cores }: RandomCase, { result, busyMs }: VirtualOutcome) {
  const { kind, cpuShare } = scenario.work;
  const share = kind === "cpu" ? 1 : kind === "mixed" ? cpuShare : 0;
  const computed = Math.min(1, (result.throughput * result.latency.service.mean * share) / 1000);
  if (mode !== "parallel") {
    const helped = mode === "async" && scenario.async.offload !== "none";
    const main = { name: "main", utilization: helped ? 0.05 : Math.min(computed + 0.01, 1) };
    return helped ? [main, { name: "helper", utilization: computed }] : [main];
  }
  // What was computed in all, each to the part that it had in hand.
  const asked = scenario.work.time * share + scenario.work.perBatch / Math.max(1, result.batches.meanSize);
  const inAll = Math.min(cores, (result.throughput * asked) / 1e6);
  const busy = busyMs.slice(-workers);
  const had = Math.max(
    1e-9,
    busy.reduce((sum, ms) => sum + ms, 0),
  );
  return [
    { name: "main", utilization: 0.05 },
    ...busy.map((ms, i) => ({ name: `worker-${i}`, utilization: Math.min(1, (inAll * ms) / had) })),
  ];
}

const BOTTLENECKS = [
  "arrivals",
  "cpu",
  "sleep",
  "io",
  "source",
  "concurrency",
  "all cores",
  "workers",
  "hot key",
  "few keys",
  "uneven keys",
  "queue",
  "clients",
];

/** The same case with some of its figures changed, each to what it could have been. */
export function perturbed({ result, scenario }: Told, random: Random): Told {
  const some = (chance: number) => random.unit() < chance;
  const one = <T>(of: readonly T[]): T => of[random.below(of.length)] as T;
  let changed = result;
  if (some(0.5)) changed = withThreads(changed, random);
  if (some(0.4))
    changed = { ...changed, process: { ...changed.process, eventLoop: { ...changed.process.eventLoop, busy: random.unit() } } };
  if (some(0.3)) changed = withEnds(changed, random);
  if (some(0.2)) {
    const part = one(["readMs", "queryMs", "queueFullMs"] as const);
    changed = { ...changed, sourceBlocked: { ...changed.sourceBlocked, [part]: random.unit() * changed.durationMs } };
  }
  if (some(0.2)) changed = { ...changed, queries: { ...changed.queries, answered: random.below(5000) } };
  if (some(0.3)) changed = { ...changed, predicted: { ...changed.predicted, bottleneck: one(BOTTLENECKS) } };
  if (some(0.3)) changed = slower(changed, 10 ** (3 * random.unit()));
  if (some(0.2)) changed = withCrowd(changed, random);
  if (some(0.1)) changed = { ...changed, queue: { ...changed.queue, capacity: 1 + random.below(50) } };
  if (some(0.1)) changed = { ...changed, status: "aborted" };
  if (some(0.2)) changed = onMachine(changed, random);
  if (some(0.1)) changed = { ...changed, throughput: changed.throughput * (0.5 + random.unit()) };
  const parts = some(0.1) ? { ...scenario, async: { ...scenario.async, concurrency: 1 + random.below(20) } } : scenario;
  return { result: changed, scenario: parts };
}

/** Judged by what else the machine did in the time, and by how its computing went. */
function onMachine(result: MeasuredCase, random: Random): MeasuredCase {
  const some = (value: number) => (random.unit() < 0.5 ? 0 : value * random.unit());
  const spanMs = Math.max(1, result.durationMs);
  const cores = Math.max(1, result.cores.length);
  const slowerBy = random.unit() < 0.5 ? 0.005 : 0.2 * (random.unit() - 0.5);
  const work = { askedMs: spanMs / 2, roundsPerMs: 1, slowerBy, slowerByError: 0.001, takenAwayMs: some(spanMs) };
  const known = random.unit() < 0.7 ? work : null;
  const machine = { utilization: [], numbers: [], cores, wantedMs: spanMs, noiseMs: 10, labMs: null, throttled: null };
  const use = { ...machine, spanMs, otherCores: some(cores), stealMs: some(spanMs) };
  const calibration = { roundsPerMs: 1, checkRatio: 1 + some(0.1), cached: false, clock: "thread" as const };
  const disturbed = judgeDisturbance(use, known, calibration)?.disturbed ?? null;
  return { ...result, disturbed, process: { ...result.process, work: known } };
}

function withThreads(result: MeasuredCase, random: Random): MeasuredCase {
  const near = random.unit() < 0.5 ? random.unit() : 0.75 + 0.25 * random.unit();
  const threads = result.process.threads.map(({ name }) => ({ name, utilization: Math.min(1, near * (0.8 + 0.3 * random.unit())) }));
  const cores = Array.from({ length: 1 + random.below(8) }, (_, core) => ({ core, utilization: random.unit() }));
  return { ...result, cores, process: { ...result.process, threads } };
}

/** So many of those processed ended otherwise; now and then all but one. */
function withEnds(result: MeasuredCase, random: Random): MeasuredCase {
  const { ledger } = result;
  const total = random.unit() < 0.1 ? Math.min(ledger.scheduled, 1 + random.below(3)) : ledger.scheduled;
  const parts = [0, 0, 0, 0].map(() => (random.unit() < 0.5 ? 0 : random.below(1 + Math.floor(total / 5)) + (random.unit() < 0.2 ? 1 : 0)));
  const [failed = 0, rejected = 0, newest = 0, unfinished = 0] = parts;
  const processed = Math.max(0, total - failed - rejected - newest - unfinished);
  const scheduled = processed + failed + rejected + newest + unfinished;
  return { ...result, ledger: { scheduled, processed, failed, rejected, dropped: { newest, oldest: 0 }, unfinished } };
}

/** Everything waited so many times longer. */
function slower(result: MeasuredCase, times: number): MeasuredCase {
  const { sojourn } = result.latency;
  const longer = Object.fromEntries(Object.entries(sojourn).map(([name, value]) => [name, name === "count" ? value : value * times]));
  return { ...result, latency: { ...result.latency, sojourn: { ...sojourn, ...longer } } };
}

/** For a part of the run more came than was done. */
function withCrowd(result: MeasuredCase, random: Random): MeasuredCase {
  const { series } = result;
  const [from, length] = [random.below(1 + series.length), random.below(1 + Math.ceil(series.length / 2))];
  const times = 10 ** (3 * random.unit());
  const crowd = (sample: Sample) => ({
    ...sample,
    offered: sample.offered * 3,
    depth: sample.depth + 50,
    p50: (sample.p50 ?? 1) * times,
    p99: (sample.p99 ?? 1) * times,
  });
  return { ...result, series: series.map((sample, i) => (i >= from && i < from + length ? crowd(sample) : sample)) };
}

/** Sweeps of which the cases are run on a virtual clock: fields with values that are far and near. */
const SWEEPS: readonly (readonly [field: string, values: (draw: (low: number, high: number) => number) => unknown[]])[] = [
  ["load.rate", (draw) => [draw(20, 100), draw(100, 300), draw(300, 900)]],
  ["queue.capacity", (draw) => [draw(2, 10), draw(10, 60), draw(60, 500)]],
  ["work.time", (draw) => [`${draw(200, 900)}us`, `${draw(1000, 9000)}us`]],
  ["keys.count", (draw) => [draw(1, 5), draw(50, 500)]],
  ["async.concurrency", (draw) => [1, draw(2, 30)]],
  ["source.connections", (draw) => [1, draw(2, 20)]],
];

/** The i-th sweep, run; each case with what a second run of it may have been, for some of them. */
export async function simulatedSweep(seed: number, i: number): Promise<MeasuredCase[]> {
  const random = new Random(seed, `sweep ${i}`);
  const draw = (low: number, high: number) => Math.round(low * (high / low) ** random.unit());
  const one = <T>(of: readonly T[]): T => of[random.below(of.length)] as T;
  const [field, values] = one(SWEEPS);
  const batches = random.unit() < 0.3;
  const points: Record<string, unknown>[] = batches
    ? ["300us", "2ms"].flatMap((time) =>
        [1, draw(2, 20)].flatMap((size) =>
          ["1ms", "40ms"].map((timeout) => ({ "work.time": time, "batch.size": size, "batch.timeout": timeout })),
        ),
      )
    : values(draw).map((value) => ({ [field]: value }));
  const load = one([
    { executor: "constant-arrival-rate", rate: draw(50, 600), duration: "2s", arrivals: one(["uniform", "poisson"]) },
    { executor: "bursts", size: draw(20, 200), every: "500ms", count: 4 },
  ]);
  const base = {
    title: "sweep",
    seed: i + 1,
    gracefulStop: one(["200ms", "30s"]),
    load: field === "load.rate" && !batches ? { executor: "constant-arrival-rate", rate: 1, duration: "2s" } : load,
    keys: { count: 1000 },
    work: { kind: one(["cpu", "io", "sleep"]), time: "2ms", distribution: one(["constant", "exponential"]) },
    queue: { capacity: 100, overflow: one(["block", "drop-newest"]) },
    source: random.unit() < 0.3 ? { latency: { min: "5ms", max: "20ms" } } : {},
  };
  const modes = field === "load.rate" ? (["sync", "async"] as const) : ([one(["sync", "async"] as const)] as const);
  const cases: MeasuredCase[] = [];
  for (const params of points) {
    const scenario = scenarioSchema.parse(withFields(base, params));
    for (const mode of modes) {
      const { result } = await virtualCase({ mode, scenario, workers: 1, cores: 2 });
      cases.push({ ...result, params });
    }
  }
  return cases;
}

function withFields(base: object, params: Readonly<Record<string, unknown>>): object {
  const whole = structuredClone(base) as Record<string, Record<string, unknown>>;
  for (const [path, value] of Object.entries(params)) {
    const [part = "", field = ""] = path.split(".");
    whole[part] = { ...whole[part], [field]: value };
  }
  return whole;
}

/** Requests whose figures are changed as well. */
export function perturbedFetch(told: Told, random: Random): Told {
  const { result, scenario } = perturbed(told, random);
  const { fetch } = result;
  if (fetch === undefined) return { result, scenario };
  const some = (chance: number) => random.unit() < chance;
  const part = () => random.below(1 + fetch.requests);
  let changed = { ...fetch };
  if (some(0.3)) changed = { ...changed, itemMs: fetch.itemMs * 10 ** (2 * random.unit() - 1) };
  if (some(0.2)) changed = { ...changed, rateLimited: part() };
  if (some(0.2)) {
    const refusedByBreaker = part();
    changed = { ...changed, refusedByBreaker, refusedUnsent: random.below(1 + refusedByBreaker) };
  }
  if (some(0.2)) {
    const failed = part();
    changed = { ...changed, failed, ok: fetch.requests - failed, degraded: 0 };
  }
  if (some(0.2)) changed = { ...changed, peakConcurrency: 1 + random.below(2 * fetch.peakConcurrency) };
  if (some(0.1)) changed = { ...changed, retries: 1 + random.below(3), resumed: 0 };
  if (some(0.1))
    changed = {
      ...changed,
      requests: 1,
      ok: 1,
      failed: 0,
      degraded: 0,
      resumed: 0,
      sent: 1,
      attempts: 1,
      retries: 0,
      refusedByBreaker: 0,
      rateLimited: 0,
    };
  return { result: { ...result, fetch: changed }, scenario };
}
