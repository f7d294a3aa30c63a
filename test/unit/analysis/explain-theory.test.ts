import { describe, expect, test } from "bun:test";
import { explain } from "../../../src/analysis/explain.ts";
import { scenarioSchema } from "../../../src/scenario/schema.ts";
import type { MeasuredCase } from "../../../src/telemetry/result.ts";
import { caseResult } from "../../support/results.ts";

const SAID = "Receiving, queueing and holding messages took 13 % of what the work could have had.";

/** A thread that could do 500/s and lost 65/s of it to its messages, where so many a second were expected and done. */
function explained(done: number, predicted: number, overhead = 65, disturbed: object | null = null): string {
  const base = caseResult({ mode: "async", processed: 2000, serviceMean: 2 });
  const causes = { work: 0, reads: 0, queries: 0, overhead, idle: 0 };
  const result = {
    ...base,
    durationMs: 4000,
    throughput: done,
    predicted: { ...base.predicted, throughput: predicted, sojournMean: 1000 },
    shortfall: { capacity: 500, throughput: done, causes },
    disturbed,
    series: [],
  };
  return explain(result as MeasuredCase, scenarioSchema.parse({ title: "x", work: { kind: "cpu", time: "2ms" } }));
}

describe("the cost of handling messages", () => {
  test("is named where less was done than predicted", () => expect(explained(435, 500)).toContain(SAID));
  test("is not where as much was done", () => expect(explained(480, 500)).not.toContain("Receiving"));
  test("is not where other programs had a part in it", () => {
    expect(explained(435, 500, 65, { otherCores: 1, stealMs: 0, calibrationOff: 0, reason: "Others." })).not.toContain("Receiving");
  });
  test("is where the core was only slower than calibrated, which its time does not depend on", () => {
    expect(explained(435, 500, 65, { otherCores: 0, stealMs: 0, calibrationOff: 0.05, reason: "Slower." })).toContain(SAID);
  });
  test("is not where it was small", () => expect(explained(435, 500, 24)).not.toContain("Receiving"));
});

describe("work that took longer than asked", () => {
  /** Two Workers on two cores did so many of the 250/s that was predicted of them. */
  const longer = (service: number, work: object | null, { done = 230, cores = 2, asked = {}, disturbed = null as object | null } = {}) => {
    const base = caseResult({ mode: "parallel", processed: 920, serviceMean: service });
    const threads = ["main", "worker-0", "worker-1"].map((name, i) => ({ name, utilization: i === 0 ? 0.05 : 0.95 }));
    const result = {
      ...base,
      ...{ disturbed, series: [], durationMs: 4000, throughput: done, offeredRate: 1000, intakeRate: done },
      cores: Array.from({ length: cores }, (_, core) => ({ core, utilization: 0.9 })),
      process: { ...base.process, threads, work },
      predicted: { ...base.predicted, throughput: 250, capacity: 250, sojournMean: 1000 },
    };
    return explain(result as MeasuredCase, scenarioSchema.parse({ title: "x", work: { kind: "cpu", time: "8ms" }, ...asked }));
  };
  const work = (slowerBy: number, takenAwayMs: number | null) => ({ askedMs: 7000, slowerBy, takenAwayMs, roundsPerMs: 1 });
  const shared = ", which the Workers share with the source's thread.";

  test("is told with its causes, as far as they account for it", () => {
    // 8.8 of 8 ms is 10 %; 490 of 7000 ms is 7 %.
    expect(longer(8.8, work(0.03, 490))).toContain(
      `Work took 10 % longer than asked: 3.0 % on a core slower than when it was calibrated, the rest waiting for a core${shared}`,
    );
    expect(longer(8.8, work(0.01, 630))).toContain(`Work took 10 % longer than asked, mostly waiting for a core${shared}`);
    expect(longer(8.8, work(0.1, 10))).toContain("Work took 10 % longer than asked, on a core slower than when it was calibrated.");
    for (const unknown of [work(0.01, 10), work(-0.01, 770), work(0.1, null)])
      expect(longer(8.8, unknown)).toContain("Work took 10 % longer than asked.");
  });

  test("is shared with nobody where there are more cores, and expected where there are fewer or it waits by itself", () => {
    expect(longer(8.8, work(0.01, 630), { cores: 3 })).toContain("Work took 10 % longer than asked, mostly waiting for a core.");
    expect(longer(8.8, work(0.01, 630), { cores: 1 })).not.toContain("longer than asked");
    const mixed = { work: { kind: "mixed", time: "8ms", cpuShare: 0.5 } };
    expect(longer(8.8, work(0.01, 630), { asked: mixed })).not.toContain("longer than asked");
  });

  test("is not where it hardly took longer, where as much was done, or where other programs had the cores", () => {
    expect(longer(8.25, work(0.03, 490))).toContain("Work took 3.1 % longer");
    expect(longer(8.23, work(0.03, 490))).not.toContain("longer than asked");
    expect(longer(8.8, work(0.03, 490), { done: 238 })).not.toContain("longer than asked");
    expect(longer(8.8, null)).not.toContain("longer than asked");
    const disturbed = { otherCores: 1, stealMs: 0, calibrationOff: 0, reason: "Others." };
    expect(longer(8.8, work(0.03, 490), { disturbed })).not.toContain("longer than asked");
  });
});

interface Told {
  readonly service?: number;
  readonly stddev?: number;
  readonly sojourn?: number;
  readonly offered?: number | null;
  readonly predicted?: object;
  readonly result?: object;
  readonly asked?: object;
}

/** What is said of 100 messages a second that nothing held up, each of 2 ms as asked, beside what was predicted. */
function beside({ service = 2, stddev = 0, sojourn = 2, offered = 100, ...told }: Told): string {
  const base = caseResult({ mode: "async" });
  const part = (mean: number) => ({ ...base.latency.sojourn, mean, p50: mean, p95: mean, p99: mean, max: mean });
  const predicted = { capacity: 500, throughput: 100, sojournMean: 2, sojournP99: 2, utilization: 0.2, bottleneck: "arrivals", model: "?" };
  const result = {
    ...base,
    ...{ disturbed: null, series: [], throughput: 100, offeredRate: offered, intakeRate: 100 },
    latency: { ...base.latency, sojourn: part(sojourn), service: { ...part(service), stddev } },
    predicted: { ...predicted, ...told.predicted },
    ...told.result,
  };
  return explain(result as MeasuredCase, scenarioSchema.parse({ title: "x", work: { kind: "cpu", time: "2ms" }, ...told.asked }));
}

describe("what theory expected", () => {
  test("is told of the tape, or of its first part, of cases that ran to their end and did more than one", () => {
    expect(beside({})).toEndWith(
      " The simulation of this tape expects 100/s and a mean sojourn time of 2.00 ms; measured: 100/s and 2.00 ms.",
    );
    expect(beside({ predicted: { part: { arrivals: 50, of: 100 } } })).toContain("The simulation of the first 50 of 100 arrivals expects");
    expect(beside({ predicted: { model: "capacity" } })).toContain("Theory expects 100/s");
    for (const unknown of [{ sojournMean: null }, { throughput: null }]) expect(beside({ predicted: unknown })).not.toContain("expects");
    for (const part of [{ status: "aborted" }, { durationMs: 50 }]) expect(beside({ result: part })).not.toContain("expects");
    expect(beside({ result: { durationMs: 51 } })).toContain("expects");
  });

  test("is no mean where service times vary by three times theirs, asked or measured", () => {
    const varies = " Service times vary so much (here by 3 times their mean) that the mean sojourn time of one run says nothing.";
    expect(beside({ stddev: 6 })).toContain(varies);
    expect(beside({ stddev: 5.9 })).not.toContain("vary so much");
    // Times of a millisecond and less vary by the clock's doing.
    expect(beside({ service: 1, stddev: 3 })).not.toContain("vary so much");
    const asked = (cv: number) => ({ asked: { work: { kind: "cpu", time: "2ms", distribution: "lognormal", cv } } });
    expect(beside(asked(3.01))).toContain(" Service times vary so much that the mean sojourn time");
    expect(beside(asked(2.99))).not.toContain("vary so much");
  });

  describe("beside the formula", () => {
    const steady = (band: readonly number[], more: Told = {}) =>
      beside({
        ...more,
        predicted: { model: "M/D/1", steadyState: { model: "M/D/1", sojournMean: 2.25, sojournP99: null, band }, ...more.predicted },
      });

    test("says whether this run lies where nine of ten do, its ends included", () => {
      const inside = "; nine of ten runs of this length lie between 2.00 ms and 2.50 ms, and this one does.";
      expect(steady([2, 2.5])).toContain(`M/D/1 settles at 2.25 ms${inside}`);
      expect(steady([2, 2.5], { sojourn: 2.5 })).toContain(inside);
      for (const sojourn of [1.99, 2.51]) expect(steady([2, 2.5], { sojourn })).toContain("and this one does not.");
    });

    test("says no more where there is one run that can be", () => {
      expect(steady([2.25, 2.25])).toContain("M/D/1 settles at 2.25 ms.");
    });

    test("says what the measured work would have come to, from 3 % on", () => {
      // 2 + 0.2 × 2 ÷ (2 × 0.8) = 2.25; of 2.05 ms it is 2.314, of 2.06 ms 2.327.
      expect(steady([2, 2.5], { service: 2.05 })).not.toContain("Work took");
      expect(steady([2, 2.5], { service: 2.06 })).toContain("Work took 2.06 ms (± 0); with that it settles at 2.33 ms.");
      expect(steady([2, 2.5], { service: 2.06, offered: null })).not.toContain("Work took");
      expect(steady([2, 2.5], { service: 2.06, predicted: { model: "M/M/2" } })).not.toContain("Work took");
    });
  });
});

describe("another limit than was predicted", () => {
  const said = (bottleneck: string, more: Told = {}) => beside({ ...more, predicted: { bottleneck, ...more.predicted } });

  test("is told with its capacity; the same one is not, nor one that stands for it", () => {
    expect(said("cpu")).toEndWith("Predicted was another limit (cpu), at 500/s; measured: 100/s.");
    expect(said("cpu", { predicted: { capacity: null } })).toEndWith("Predicted was another limit (cpu).");
    for (const same of ["arrivals", "clients", "what nobody knows"]) expect(said(same)).not.toContain("another limit");
  });

  test("is not told of a run that says little", () => {
    for (const result of [{ status: "aborted" }, { durationMs: 50 }]) expect(said("cpu", { result })).not.toContain("another limit");
  });

  test("of the keys is told with what was to be expected, since no capacity is theirs", () => {
    expect(said("hot key")).toEndWith("Predicted was another limit (hot key), of which 100/s were to be expected; measured: 100/s.");
    expect(said("hot key", { predicted: { throughput: null } })).toEndWith(
      "Predicted was another limit (hot key), at 500/s; measured: 100/s.",
    );
  });

  test("is due to the work where that took a twentieth more or less than asked", () => {
    const due = "Predicted was another limit (cpu): it goes by 2.00 ms of work a message, and here it took";
    expect(said("cpu", { service: 2.11, sojourn: 2.11 })).toContain(`${due} 2.11 ms.`);
    expect(said("cpu", { service: 1.89, sojourn: 1.89 })).toContain(`${due} 1.89 ms.`);
    expect(said("cpu", { service: 2.09, sojourn: 2.09 })).not.toContain("it goes by");
    // A batch's one-time cost is shared by its messages.
    const batch = { asked: { work: { kind: "cpu", time: "1ms", perBatch: "4ms" } }, result: { batches: { count: 9, meanSize: 4 } } };
    expect(said("cpu", batch)).toContain("another limit (cpu), at 500/s");
  });

  describe("in place of the arrivals", () => {
    const busy = (more: Told = {}) => {
      const process = { ...caseResult({ mode: "async" }).process, threads: [{ name: "main", utilization: 0.97 }] };
      const loop = { ...process, eventLoop: { ...process.eventLoop, busy: 0.97 } };
      return beside({ ...more, result: { process: loop, ...more.result } });
    };

    test("is told with the share of what can be done that comes", () => {
      expect(busy()).toEndWith("Predicted was another limit (arrivals), at 20 % of what can be done, and all that came was done.");
      expect(busy({ predicted: { utilization: null } })).toEndWith("another limit (arrivals), and all that came was done.");
    });

    test("is told without it where the simulation does not keep up itself", () => {
      expect(busy({ predicted: { throughput: 95 } })).toContain("at 20 % of what can be done");
      expect(busy({ predicted: { throughput: 94 } })).not.toContain("of what can be done");
    });

    test("is told with what came and what was done, where that is less", () => {
      const ledger = { ...caseResult({ mode: "async" }).ledger, scheduled: 110, unfinished: 10 };
      expect(busy({ offered: 110, result: { ledger } })).toEndWith(": 110/s came and 100/s were done.");
      expect(busy({ offered: null, result: { ledger } })).toEndWith("Predicted was another limit (arrivals), at 20 % of what can be done.");
    });
  });
});
