import { describe, expect, test } from "bun:test";
import { conclude } from "../../../src/analysis/conclude.ts";
import { explain } from "../../../src/analysis/explain.ts";
import { type Mode, scenarioSchema } from "../../../src/scenario/schema.ts";
import type { CaseResult, MeasuredCase } from "../../../src/telemetry/result.ts";
import { caseResult } from "../../support/results.ts";

/** A case with a few figures set by hand. */
function sketch(mode: Mode, params: object, change: object = {}, sojourn: object = {}): MeasuredCase {
  const one = caseResult({ mode });
  const latency = { ...one.latency, sojourn: { ...one.latency.sojourn, ...sojourn } };
  return { ...one, params: params as Record<string, unknown>, latency, ...change } as MeasuredCase;
}

const scenario = (change: object = {}) => scenarioSchema.parse({ title: "x", ...change });

describe("P1-S P2-S explanations of cases with a known answer", () => {
  const base = caseResult({ mode: "async" });
  const blocked = (part: string, ms: number) => ({ ...base, sourceBlocked: { ...base.sourceBlocked, [part]: ms } });
  const parts = (batch: number, sojourn: number, service: number) => ({
    ...base.latency,
    batch: { ...base.latency.batch, mean: batch },
    sojourn: { ...base.latency.sojourn, mean: sojourn },
    service: { ...base.latency.service, mean: service },
  });

  test("a query storm", () => {
    const storm = { ...blocked("queryMs", 450), queries: { ...base.queries, sent: 5000, answered: 5000 } };
    expect(explain(storm, scenario())).toStartWith(
      "Queries are the limit: answering 5.00 k of them kept messages waiting 45 % of the time",
    );
  });

  test("a slow source, in sync and in async", () => {
    const slow = scenario({ source: { latency: "20ms", connections: 4 } });
    expect(explain({ ...blocked("readMs", 900), mode: "sync" }, slow)).toContain("reading held the one thread 90 % of the time");
    expect(explain(blocked("readMs", 900), slow)).toContain("all 4 of its connections were reading 90 % of the time");
    expect(explain(blocked("readMs", 900), slow)).toContain("4 ÷ 20.0 ms is 200/s");
  });

  test("a batch that waits for its timeout", () => {
    const waiting = { ...base, latency: parts(40, 50, 5), batches: { count: 10, meanSize: 3.5 } };
    const sentence = explain(waiting, scenario({ batch: { size: 100, timeout: "50ms" } }));
    expect(sentence).toContain("of 50.0 ms on average, 33.8 ms was waiting for it to go (batches went with 3.50 on average)");
    expect(sentence).toContain("A shorter batch.timeout would help.");
  });

  test("the turn within a batch, where no core is near its limit", () => {
    const turn = { ...base, offeredRate: 1000, throughput: 921, latency: parts(60, 90, 0.7), batches: { count: 30, meanSize: 100 } };
    const sentence = explain(turn, scenario({ batch: { size: 100, timeout: "100ms" }, work: { kind: "cpu", time: "700us" } }));
    expect(sentence).toContain("of 90.0 ms on average, 60.0 ms was waiting for it to go and for its turn within it");
    expect(sentence).toContain("A smaller batch.size would help.");
    const costly = scenario({ batch: { size: 100, timeout: "100ms" }, work: { kind: "cpu", time: "700us", perBatch: "1ms" } });
    expect(explain(turn, costly)).not.toContain("A smaller batch.size");
  });

  test("too few processors for what they wait for", () => {
    const waited = { ...base, offeredRate: 400, throughput: 198, latency: parts(0, 900, 50) };
    const sentence = explain(waited, scenario({ keys: { count: 1000 }, async: { concurrency: 10 }, work: { kind: "io", time: "50ms" } }));
    expect(sentence).toContain("10 at a time ÷ 50.0 ms is 200/s; 198 messages/s went through");
  });

  test("arrivals, where next to nothing waits: not what is a moment late, nor what is at work when somebody stops the run", () => {
    const idle = { ...base, throughput: 50, offeredRate: 50, latency: parts(0, 0.4, 0.001) };
    const late = { ...idle.latency, sojourn: { ...idle.latency.sojourn, p99: 9 }, service: { ...idle.latency.service, p99: 0.01 } };
    expect(explain({ ...idle, latency: late }, scenario())).toStartWith("The arrivals are the limit");
    const stopped = { ...idle, status: "aborted" as const, ledger: { ...base.ledger, scheduled: 342, processed: 341, unfinished: 1 } };
    expect(explain(stopped, scenario())).toStartWith("The arrivals are the limit");
    const waits = { ...late, sojourn: { ...late.sojourn, mean: 400, p99: 900 } };
    const waited = { ...idle, latency: waits };
    expect(explain(waited, scenario({ work: { kind: "sleep" } }))).toStartWith("No single limit shows: messages waited");
  });

  test("a closed loop: the clients, or what they wait for", () => {
    const closed = (vus: number) =>
      scenario({ load: { executor: "constant-vus", vus, duration: "1s" }, work: { kind: "io", time: "5ms" } });
    const busy = { ...base, offeredRate: 190, throughput: 190, latency: parts(0, 26, 5.2) };
    expect(explain({ ...busy, mode: "sync" }, closed(5))).toStartWith("One message at a time is the limit: each takes 5.20 ms");
    expect(explain({ ...busy, mode: "sync" }, closed(1))).toStartWith(
      "The clients are the limit: the one client waits for its answer before it sends again; all 100 messages were processed",
    );
    expect(explain(busy, closed(50))).toStartWith("The number of processors is the limit: 1 at a time");
    const many = { ...closed(50), async: { ...closed(50).async, concurrency: 100 } };
    expect(explain(busy, many)).toStartWith("The clients are the limit: each of the 50");
  });

  test("a helper Worker", () => {
    const threads = [
      { name: "main", utilization: 0.1 },
      { name: "helper", utilization: 0.97 },
    ];
    const helped = { ...base, process: { ...base.process, threads } };
    expect(explain(helped, scenario({ async: { offload: "batch" } }))).toStartWith("The helper Worker is the limit");
  });

  test("work that holds its thread: more processors would not help, more Workers would", () => {
    const threads = (n: number, each: number) => [
      { name: "main", utilization: 0.1 },
      ...Array.from({ length: n }, (_, i) => ({ name: `worker-${i}`, utilization: each })),
    ];
    const case_ = (n: number, each: number, change: object) => ({
      ...caseResult({ mode: "parallel" }),
      process: { ...base.process, threads: threads(n, each) },
      cores: [1, 1].map((utilization, core) => ({ core, utilization })),
      offeredRate: 1000,
      ...change,
    });
    const slept = case_(2, 0.01, { throughput: 392, latency: parts(0, 900, 5) });
    const sleeping = explain(slept, scenario({ work: { kind: "sleep", time: "5ms" } }));
    expect(sleeping).toStartWith("The number of Workers is the limit: work that holds its thread is done by 2 Workers");
    expect(sleeping).not.toContain("async.concurrency");
    const crowded = explain(case_(6, 0.33, { throughput: 390, latency: parts(0, 900, 15) }), scenario());
    expect(crowded).toStartWith("All cores are the limit: the 6 Workers were computing 99 % of what the machine's 2 cores have");
    const alone = explain(case_(1, 0.97, { throughput: 200, latency: parts(0, 900, 5) }), scenario());
    expect(alone).toStartWith("The one Worker is the limit: it was computing 97 % of the time");
    expect(alone).toContain("More Workers would help: the machine has 2 cores.");
  });

  test("one key, where only its turn is waited for", () => {
    const predicted = { ...base.predicted, bottleneck: "hot key" };
    const waited = { ...base, predicted, offeredRate: 500, throughput: 99, latency: parts(890, 900, 10) };
    const given = scenario({ keys: { count: 1 }, work: { kind: "io", time: "10ms" }, async: { concurrency: 100 } });
    expect(explain(waited, given)).toStartWith(
      "The keys are the limit: messages of one key are worked one after another, 1 ÷ 10.0 ms is 100/s, and there is one key, at 99",
    );
  });

  test("a format that takes most of a thread's time, where no work is asked", () => {
    const threads = [0.1, 0.6, 0.6].map((utilization, i) => ({ name: i === 0 ? "main" : `worker-${i}`, utilization }));
    const crossing = {
      ...caseResult({ mode: "parallel", threads }),
      throughput: 500_000,
      serialization: { codec: "json", bytesPerMessage: 130, encodeNs: 400, decodeNs: 3000, diskWriteNs: null, diskReadNs: null },
    } as const;
    const asked = scenario({ load: { executor: "bursts", size: 200_000 }, work: { kind: "none" }, keys: { count: 1000 } });
    expect(explain(crossing, asked)).toStartWith(
      "The format is the limit: a message is written as json in 400 ns and read in 3.00 µs, which at 500 k messages/s takes 20 % of the time of the source's thread and 75 % of that of each of the 2 Workers. The lab's own format (parallel.codec: ring) would help.",
    );
    const cheap = { ...crossing, serialization: { ...crossing.serialization, decodeNs: 30 } };
    expect(explain(cheap, asked)).toStartWith("What the lab itself costs is the limit");
  });

  test("theory stands beside what was measured", () => {
    expect(explain(base, scenario())).toContain(
      "The simulation of this tape expects 100/s and a mean sojourn time of 5.00 ms; measured: 100/s",
    );
  });

  test("what failed or was refused is not said to have been processed", () => {
    const { ledger } = base;
    const mixed = { ...base, ledger: { ...ledger, processed: 90, failed: 8, rejected: 2 } };
    expect(explain(mixed, scenario())).toStartWith(
      "The arrivals are the limit: 90 messages were processed, 8 failed, 2 were rejected, at 100",
    );
    expect(explain(base, scenario())).toStartWith("The arrivals are the limit: all 100 messages were processed at 100");
  });

  test("nothing that went well is said to be so, with what most failed of", () => {
    const failures = [
      { reason: "rare", count: 2 },
      { reason: "maker broke", count: 23 },
    ];
    const broken = { ...base, failures, ledger: { ...base.ledger, processed: 0, failed: 25 } };
    expect(explain(broken, scenario())).toBe('Nothing was processed: 25 failed, 23 of them with "maker broke".');
  });

  test("a core that is slower than asked is told apart from queueing", () => {
    const slow = parts(0, 3.4, 1.02);
    const measured: typeof base = {
      ...base,
      offeredRate: 800,
      throughput: 800,
      latency: { ...slow, service: { ...slow.service, mean: 1.02, stddev: 0.204 } },
      predicted: {
        ...base.predicted,
        model: "M/D/1",
        throughput: 800,
        sojournMean: 2.9,
        steadyState: { model: "M/D/1", sojournMean: 3, sojournP99: null, band: [2.5, 3.5] },
      },
    };
    // ρ = 0.816, c² = 0.04: 1.02 + 0.8 · 1.02² · 1.04 / (2 · 0.184)
    expect(explain(measured, scenario())).toContain("Work took 1.02 ms (± 204 µs); with that it settles at 3.37 ms.");
    const quick = { ...measured, latency: { ...slow, service: { ...slow.service, mean: 1, stddev: 0 } } };
    expect(explain(quick, scenario())).not.toContain("Work took");
  });
});

describe("conclusions of sweeps", () => {
  test("P1-E1 how far up a mode keeps up", () => {
    const cases = [
      sketch("sync", { "load.rate": 100 }, { offeredRate: 100, throughput: 100 }),
      sketch("sync", { "load.rate": 180 }, { offeredRate: 180, throughput: 180 }),
      sketch(
        "sync",
        { "load.rate": 300 },
        { offeredRate: 300, throughput: 199, queue: { ...caseResult({ mode: "sync" }).queue, growthPerSecond: 100 } },
      ),
    ];
    expect(conclude(cases)).toEqual([
      "sync keeps up with 100/s to 180/s; at 300/s the line grows by 100 a second, and it does 199/s at most.",
    ]);
    // A disturbed case may have had a faster core: what it did is no mode's most.
    const faster = { disturbed: { otherCores: 0, stealMs: 0, calibrationOff: 0.03, reason: "x" } };
    const beyond = sketch("sync", { "load.rate": 500 }, { offeredRate: 500, throughput: 210, ...faster });
    expect(conclude([...cases, beyond]).at(-1)).toEndWith("and it does 199/s at most.");
    // What is kept beyond a rate that was not is luck.
    const lucky = sketch("sync", { "load.rate": 400 }, { offeredRate: 400, throughput: 400 });
    expect(conclude([...cases, lucky])[0]).toStartWith("sync keeps up with 100/s to 180/s; at 300/s");
  });

  test("P2-E1 from which rate async is better, and from which it no longer helps", () => {
    const of = (mode: Mode, rate: number, throughput: number) => sketch(mode, { "load.rate": rate }, { offeredRate: rate, throughput });
    const cases = [
      of("sync", 20, 20),
      of("async", 20, 20),
      of("sync", 100, 32),
      of("async", 100, 99),
      of("sync", 900, 32),
      of("async", 900, 640),
    ];
    expect(conclude(cases).at(-1)).toContain(
      "async does more than sync from 100/s on (99/s against 32/s); at 900/s it no longer keeps up: 640/s against 32/s in sync",
    );
    const same = [of("sync", 20, 20), of("async", 20, 20), of("sync", 300, 125), of("async", 300, 124)];
    expect(conclude(same).at(-1)).toContain("async does no more than sync");
  });

  test("P3 how Workers scale", () => {
    const cases = [1, 2, 4, 8].map((n) => sketch("parallel", { "parallel.workers": n }, { throughput: (100 * n) / (1 + 0.1 * (n - 1)) }));
    const [sentence] = conclude(cases);
    expect(sentence).toContain("parallel does 1: 100/s, 2: 182/s");
    expect(sentence).toContain("10 % that does not run side by side (R² 1.00; 95 %: 10 % to 10 %)");
    const [worse] = conclude([1, 2, 4].map((n) => sketch("parallel", { "parallel.workers": n }, { throughput: 500 / n })));
    expect(worse).toContain("more of them do less than one, of which Amdahl's law knows nothing");
    expect(worse).not.toContain("peak");
    const [one, other] = [1, "auto"].map((n) => sketch("parallel", { "parallel.workers": n }, { throughput: 100 }));
    const thread = { name: "worker", utilization: 1 };
    const two = { ...other, process: { ...other?.process, threads: [{ ...thread, name: "main" }, thread, thread] } } as CaseResult;
    expect(conclude([one as CaseResult, two])[0]).toContain("1: 100/s, 2: 100/s");
  });

  test("P2-E2 what a place in the queue costs", () => {
    const base = caseResult({ mode: "async" });
    const of = (places: number, p99: number, dropped: number) =>
      sketch(
        "async",
        { "queue.capacity": places },
        {
          queue: { ...base.queue, highWater: Math.min(places, 5000) },
          ledger: { ...base.ledger, dropped: { newest: dropped, oldest: 0 } },
          latency: { ...base.latency, sojourn: { ...base.latency.sojourn, p99 }, service: { ...base.latency.service, mean: 0.2 } },
        },
      );
    const [sentence] = conclude([of(10, 2, 4990), of(1000, 201, 4000), of(10_000, 1000, 0)]);
    expect(sentence).toContain("1.00 k × 200 µs = 200 ms, measured p99 201 ms. With");
    expect(sentence).toContain("With 10000 places nothing is dropped.");
    // However they are swept.
    expect(conclude([of(20_000, 900, 0), of(10_000, 1000, 0), of(1000, 201, 4000), of(10, 2, 4990)])[0]).toContain("With 10000 places");
    const promised = scenario({ thresholds: { sojourn_ms: ["med<9", "p(99)<20"] } });
    expect(conclude([of(10, 2, 4990), of(1000, 201, 4000)], promised)[0]).toEndWith(
      "For the p99 of 20.0 ms that is promised: 20.0 ms ÷ 200 µs = 100 places.",
    );
    const held = [10, 1000].map((places) => {
      const one = of(places, 1500, 0);
      return { ...one, latency: { ...one.latency, schedule: { ...one.latency.schedule, mean: 1300 } } };
    });
    expect(conclude(held, promised)[0]).toContain("No number of places makes that shorter");
  });

  test("P2-E3 where the best batch lies, and whether it moves", () => {
    const of = (time: string, size: number, p99: number, throughput = 1000) =>
      sketch("async", { "work.time": time, "batch.size": size }, { throughput }, { p99 });
    const moved = conclude([of("1ms", 1, 3, 700), of("1ms", 10, 9, 1000), of("5ms", 1, 5), of("5ms", 10, 20)]);
    expect(moved[0]).toContain("async, work.time 1ms: best at batch.size 10 (1.00 k/s, p99 9.00 ms).");
    expect(moved[1]).toBe(
      "async, work.time 5ms: best at batch.size 1 (1.00 k/s, p99 5.00 ms); longest p99 at batch.size 10 (1.00 k/s, p99 20.0 ms).",
    );
    expect(moved[2]).toBe("The best point moves with work.time.");
    expect(conclude([of("1ms", 1, 3), of("1ms", 10, 9), of("5ms", 1, 5), of("5ms", 10, 20)]).at(-1)).toBe(
      "The best point stays where it is.",
    );
    // Of one point none is best, and nothing moves.
    expect(conclude([of("1ms", 1, 3), of("5ms", 10, 20)]).join(" ")).not.toMatch(/best/);
  });

  test("nothing is best, and nothing moves, by noise, where a field does nothing, or where more came than was done", () => {
    const of = (time: string, size: number, timeout: string, p99: number, change: object = {}) =>
      sketch("async", { "work.time": time, "batch.size": size, "batch.timeout": timeout }, { throughput: 1000, ...change }, { p99 });
    const said = conclude([
      of("1ms", 1, "1ms", 3),
      of("1ms", 1, "9ms", 4),
      of("1ms", 9, "9ms", 9),
      of("5ms", 1, "1ms", 6),
      of("5ms", 1, "9ms", 5),
      of("5ms", 9, "9ms", 9),
    ]);
    expect(said[0]).toStartWith("async, work.time 1ms: best at batch.size 1 (1.00 k/s, p99 3.00 ms); longest");
    expect(said.at(-1)).toBe("The best point stays where it is.");
    expect(conclude([of("1ms", 1, "1ms", 3), of("1ms", 9, "9ms", 3.1)])[0]).toContain(
      "no batch is better than the others by more than noise",
    );
    const over = { ledger: { ...caseResult({ mode: "async" }).ledger, dropped: { newest: 9, oldest: 0 } } };
    expect(conclude([of("1ms", 1, "1ms", 3, over), of("1ms", 9, "9ms", 9, over)])[0]).toContain("no batch keeps up with what comes");
    // Of those that were not disturbed one is best, as in the line under the chart; whether it moves is not known.
    const disturbed = { disturbed: { otherCores: 0.4, stealMs: 0, calibrationOff: 0, reason: "x" } };
    const partly = conclude([of("1ms", 1, "1ms", 3), of("1ms", 5, "1ms", 6), of("1ms", 9, "9ms", 9, disturbed)]);
    expect(partly[1]).toStartWith("async: best at batch.size 1 (1.00 k/s, p99 3.00 ms); left out as disturbed: batch.size 9");
    expect(partly.join()).not.toContain("longest");
  });

  test("points that got different loads say so, and cases that were disturbed too", () => {
    const of = (rate: number, offeredRate: number, change: object = {}) =>
      sketch("sync", { "queries.rate": rate }, { offeredRate, throughput: offeredRate, ...change });
    expect(conclude([of(100, 136), of(400, 74)])[0]).toContain("(the offered load differed: 136/s at 100, 74/s at 400;");
    expect(conclude([of(100, 136), of(400, 136)])[0]).not.toContain("offered");
    const disturbed = { disturbed: { otherCores: 0.4, stealMs: 0, calibrationOff: 0, reason: "x" } };
    const [caveat, told] = conclude([of(100, 136), of(400, 136, disturbed)]);
    expect(caveat).toStartWith(
      "1 case of 2 (sync queries.rate 400) was disturbed by what else the machine did: differences may come from that",
    );
    expect(told).toContain("throughput (per second) does not change beyond noise");
  });

  test("no law through points beyond the cores, through as many as it has parameters, or that explains little", () => {
    const cores = [0, 1].map((core) => ({ core, utilization: 1 }));
    const computing = { cores, process: { ...caseResult({ mode: "parallel" }).process, cpuMs: 2000 } };
    const workers = (rates: readonly number[], change: object = computing) =>
      conclude(rates.map((throughput, i) => sketch("parallel", { "parallel.workers": i + 1 }, { throughput, ...change })))[0] ?? "";
    const beyond = workers([125, 250, 250, 250]);
    expect(beyond).toContain(
      "1: 125/s, 2: 250/s, 3: 250/s, 4: 250/s on a machine of 2 cores: Amdahl's law is not fitted: 2 points with no more Workers than there are cores are too few.",
    );
    expect(workers([203, 248, 394, 163], {})).toContain("Amdahl's law is not fitted: its curve does not go through the points");
  });

  test("P2-R2 P2-B what overflow rules and handing over do", () => {
    const rules = ["block", "drop-newest"].map((rule) => sketch("async", { "queue.overflow": rule }, { throughput: 490 }, { p99: 200 }));
    expect(conclude(rules)).toEqual([
      "async: the queue is never full, so what is done when it is makes no difference: block 490/s, p99 200 ms (too few before the queue), 0 dropped, 0 deep, 1 MB; drop-newest 490/s, p99 200 ms (too few before the queue), 0 dropped, 0 deep, 1 MB.",
    ]);
    const full = rules.map((one) => ({ ...one, queue: { ...one.queue, capacity: 10, highWater: 10 } }));
    expect(conclude(full)[0]).toStartWith("async: block 490/s, p99 200 ms");
    const handed = ["none", "batch"].map((offload) => sketch("async", { "async.offload": offload }, { throughput: 150 }, { p99: 30 }));
    expect(conclude(handed)[0]).toBe(
      "async: not handed over 150/s, p99 30.0 ms, the loop held 50 % of the time, its p99 of lateness 0; handed over by batch 150/s, p99 30.0 ms, the loop held 50 % of the time, its p99 of lateness 0.",
    );
  });

  test("the best batch.size moves where the timeout is long, though the best of all does not", () => {
    const at = (time: string, size: number, timeout: string, p99: number) =>
      sketch("async", { "work.time": time, "batch.size": size, "batch.timeout": timeout }, { throughput: 1000 }, { p99 });
    const long = [at("1ms", 10, "100ms", 3), at("1ms", 50, "100ms", 9), at("5ms", 10, "100ms", 9), at("5ms", 50, "100ms", 3)];
    const short = [at("1ms", 10, "1ms", 1), at("1ms", 50, "1ms", 1), at("5ms", 10, "1ms", 1), at("5ms", 50, "1ms", 1)];
    expect(conclude([...long, ...short])).toContain(
      "async, batch.timeout 100ms: the best batch.size moves, 10 at work.time 1ms and 50 at work.time 5ms.",
    );
    expect(conclude([...long, ...short]).join()).not.toContain("batch.timeout 1ms: the best batch.size moves");
  });

  test("P1-E2 P1-E4 processing time beside its limit; what changes nothing says so", () => {
    const of = (time: string, throughput: number, capacity: number) => {
      const one = sketch("sync", { "work.time": time }, { throughput });
      return { ...one, predicted: { ...one.predicted, capacity } };
    };
    expect(conclude([of("1ms", 990, 1000), of("5ms", 200, 200)])[0]).toContain(
      "1ms: 990/s of 1.00 k/s (99 %), 5ms: 200/s of 200/s (100 %)",
    );
    const machines = [10, 1000].map((count) => sketch("sync", { "keys.count": count }, { throughput: 160 }));
    expect(conclude(machines)[0]).toContain("keys.count from 10 to 1000: throughput (per second) does not change");
  });

  test("rates in any order, and what keeps up is not said to be held back by computing", () => {
    const at = (mode: Mode, rate: number, throughput: number) =>
      sketch(mode, { "load.rate": rate }, { offeredRate: rate, throughput }, { p50: 5 });
    const down = [
      at("async", 400, 400),
      at("async", 150, 150),
      at("async", 50, 50),
      at("sync", 400, 100),
      at("sync", 150, 100),
      at("sync", 50, 50),
    ];
    const said = conclude(down).join("\n");
    expect(said).toContain("async keeps up with every rate tried, up to 400/s.");
    expect(said).toContain("sync keeps up with 50/s; at 150/s");
    expect(said).toContain("async does more than sync from 150/s on");
    const both = conclude([at("sync", 20, 20), at("sync", 50, 50), at("async", 20, 20), at("async", 50, 50)]).join("\n");
    expect(both).toContain("sync and async both keep up with every rate tried.");
    expect(both).not.toContain("computing");
  });

  test("a full queue costs what is before it, shared by those at work; without a queue nothing is said of one", () => {
    const of = (mode: Mode, capacity: number | null, highWater: number) => {
      const one = sketch(mode, { "queue.capacity": 100 }, { throughput: 800 });
      return { ...one, queue: { ...one.queue, capacity, highWater } };
    };
    const busy = of("parallel", 100, 100);
    const service = { ...busy.latency.service, mean: 5 };
    const told = conclude([
      { ...busy, latency: { ...busy.latency, service } },
      { ...of("parallel", 100, 7), params: { "queue.capacity": 50 } },
    ]);
    expect(told[0]).toContain("100 × 5.00 ms ÷ 4 at work at once = 125 ms");
    expect(conclude([of("sync", null, 0), { ...of("sync", null, 0), params: { "queue.capacity": 50 } }])).toEqual([]);
  });

  test("P1-E3 a query's p99 in each mode", () => {
    const asked = (["sync", "parallel"] as const).map((mode) => {
      const one = caseResult({ mode });
      return { ...one, queries: { ...one.queries, sent: 50, answered: 50, latency: { ...one.queries.latency, count: 50, max: 4 } } };
    });
    expect(conclude(asked)).toEqual([
      "A query's longest wait: sync 4.00 ms (50 of 50 answered); parallel 4.00 ms (50 of 50 answered). In sync it waits for the messages before it, in parallel it goes to the Worker that owns its key.",
    ]);
  });

  test("threads that do more than the loop do not show that waiting needs none", () => {
    const of = (mode: Mode, throughput: number) => sketch(mode, {}, { throughput, fetch: { attempts: 100, requests: 100 } });
    const lesson = "What waits for a server needs no core";
    expect(conclude([of("sync", 10), of("async", 100), of("parallel", 99)])[0]).toContain(lesson);
    const [computing] = conclude([of("sync", 10), of("async", 100), of("parallel", 190)]);
    expect(computing).toStartWith("Against one request at a time");
    expect(computing).not.toContain(lesson);
  });

  test("nothing is concluded from a case whose arrival rate was changed by hand", () => {
    const swept = [100, 180].map((rate) => sketch("sync", { "load.rate": rate }, { offeredRate: rate, throughput: rate }));
    const changed = sketch("sync", { "load.rate": 300 }, { offeredRate: 315, throughput: 199, rateChanges: [{ atMs: 5, rate: 315 }] });
    const left =
      "The arrival rate of 1 case of 3 (sync load.rate 300) was changed by hand, so that it has another tape than the scenario's: nothing is concluded from it.";
    expect(conclude([...swept, changed])).toEqual([left, ...conclude(swept)]);
    expect(conclude([changed])).toHaveLength(1);
  });

  test("one case, or none that ran, concludes nothing", () => {
    expect(conclude([caseResult({ mode: "sync" })])).toEqual([]);
    expect(conclude([caseResult({ mode: "sync", status: "failed" })])).toEqual([]);
  });
});

describe("P1-E3 P2-E5 what queries cost messages, against the same case without them", () => {
  const at = (rate: number, p50: number, slow: object = {}) =>
    sketch("sync", { "queries.rate": rate }, { series: [] }, { p50, p75: p50 + 1, p90: p50 + 1, ...slow });

  test("is told of a median beyond noise by its share, and of one within it as noise", () => {
    expect(conclude([at(0, 5), at(100, 5.1), at(400, 2)])).toContain(
      "sync, the median message takes 5.00 ms without queries, 5.10 ms beside 100 queries/s (no more than noise), 2.00 ms beside 400 queries/s (−60 %).",
    );
    expect(conclude([at(100, 5), at(400, 6)]).join()).not.toContain("without queries");
  });

  test("names the slow ones where they take longer though the median does not", () => {
    const slow = { p99: 30, p99_9: 31, max: 31 };
    expect(conclude([at(0, 5), at(100, 5.1, slow)]).join()).toContain("(no more than noise; the p99 30.0 ms against 7.00 ms)");
  });

  test("says nothing of the slow ones where one stall made them: too few items bear their percentile", () => {
    const stalled = { count: 480, p95: 8, p99: 30, p99_9: 31, max: 31 };
    expect(conclude([at(0, 5), at(100, 5.1, stalled)]).join()).toContain("5.10 ms beside 100 queries/s (no more than noise).");
  });
});

test("P2-B the batch is named as what takes time wherever the same time is spent in it, on the loop and handed over", () => {
  const base = caseResult({ mode: "async" });
  const part = (mean: number) => ({ ...base.latency.sojourn, mean, p50: mean, p99: 1.5 * mean });
  const latency = { ...base.latency, queue: part(1), batch: part(20), service: part(5), sojourn: part(26) };
  const one = { ...base, throughput: 150, intakeRate: 150, durationMs: 4000, latency, batches: { count: 150, meanSize: 4 }, series: [] };
  for (const offload of ["none", "message", "batch"]) {
    const given = scenario({
      batch: { size: 5, timeout: "20ms" },
      work: { kind: "io", time: "5ms" },
      keys: { count: 1000 },
      async: { offload },
    });
    expect(explain({ ...one, process: { ...one.process, eventLoop: { ...one.process.eventLoop, busy: 0.1 } } }, given)).toStartWith(
      "The batch is what takes time: of 26.0 ms on average",
    );
  }
});

test("P2-B a little more or less of a wait does not change that it is the batch", () => {
  const base = caseResult({ mode: "async" });
  const part = (mean: number) => ({ ...base.latency.sojourn, mean, p50: mean, p99: 1.5 * mean });
  const given = scenario({ batch: { size: 5, timeout: "20ms" }, work: { kind: "io", time: "5ms" }, keys: { count: 1000 } });
  const told = (queue: number, service: number, batch = 16, change: object = {}) => {
    const latency = {
      ...base.latency,
      queue: part(queue),
      batch: part(batch),
      service: part(service),
      sojourn: part(queue + batch + service),
    };
    const process = { ...base.process, eventLoop: { ...base.process.eventLoop, busy: 0.1 } };
    const batches = { count: 150, meanSize: 4.96 };
    return explain(
      { ...base, throughput: 150, intakeRate: 150, durationMs: 4000, latency, batches, process, series: [], ...change },
      given,
    );
  };
  // 53 %, 49 % and 46 % of the time; a processor that is in use 75 %, 78 % and 81 % of it.
  for (const [queue, service] of [
    [9, 5],
    [11.5, 5.2],
    [13.5, 5.4],
  ] as const)
    expect(told(queue, service)).toStartWith("The batch is what takes time");
  // 4 is less than the work, and where some are left undone half of the time is not reached by 46 %.
  const left = { ledger: { ...base.ledger, scheduled: 200, unfinished: 100 } };
  expect(told(9, 5, 16, left)).toStartWith("The batch is what takes time");
  for (const more of [told(17, 5), told(13.5, 6.2), told(2, 5, 4), told(13.5, 5, 16, left)])
    expect(more).not.toContain("The batch is what takes time");
});

test("P2-R2 what waiting messages held, where they have a size, and what an unlimited queue adds each second", () => {
  const held = (mode: Mode, queue: object, change: object = {}, growthPerSecond = 500) => {
    const one = sketch(mode, {}, {}, {});
    const result = { ...one, queue: { ...one.queue, highWater: 2000, growthPerSecond } };
    return explain(result, scenario({ message: { size: "100KB" }, queue, ...change }));
  };
  expect(held("async", { capacity: "unlimited" })).toContain(
    "2.00 k waiting messages of 100 KB held 200 MB at most, of the 1.00 MB that the case took; the line grew by 50.0 MB a second.",
  );
  expect(held("async", { capacity: 2000 })).toContain("held 200 MB at most, of the 1.00 MB that the case took.");
  for (const silent of [held("sync", {}), held("async", {}, { message: { size: "100B" } }), held("async", {}, { message: {} })])
    expect(silent).not.toContain("waiting messages of");
});
