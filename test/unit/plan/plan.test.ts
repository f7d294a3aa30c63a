import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { UserError } from "../../../src/kernel/problem.ts";
import { temporaryFolder } from "../../../src/kernel/temporary-folder.ts";
import {
  batchLimit,
  type CasePlan,
  inRounds,
  planCases,
  plannedModes,
  queueCapacity,
  repeatedCases,
  runOrder,
  scenarioHash,
} from "../../../src/plan/plan.ts";
import { scenarioSchema } from "../../../src/scenario/schema.ts";
import { unswept } from "../../../src/scenario/sweep.ts";

const URLS = ["http://127.0.0.1:1/a", "http://127.0.0.1:1/b", "http://127.0.0.1:1/c"];

function plans(value: object, cores = 4): CasePlan[] {
  return planCases(unswept(scenarioSchema.parse({ title: "x", ...value })), cores);
}

function swept(seed: number, count: number): CasePlan[] {
  const scenario = scenarioSchema.parse({ title: "x", seed, modes: ["async"] });
  return planCases(
    Array.from({ length: count }, (_, i) => ({ params: { "load.rate": i + 1 }, scenario })),
    2,
  );
}

function requests(fetch: object, modes: readonly string[], value: object = {}): CasePlan[] {
  return plans({ workload: "fetch", modes, load: { executor: "once" }, fetch: { urls: URLS, ...fetch }, ...value });
}

describe("the order in which cases run", () => {
  test("is that of the plan where nothing is swept", () => {
    expect(runOrder(plans({ seed: 3 }))).toEqual([0, 1, 2]);
    expect(runOrder([])).toEqual([]);
  });

  test("of a sweep is every case once, the same for a seed", () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.integer({ min: 1, max: 40 }), (seed, count) => {
        const order = runOrder(swept(seed, count));
        expect([...order].sort((a, b) => a - b)).toEqual([...order.keys()]);
        expect(runOrder(swept(seed, count))).toEqual(order);
      }),
    );
  });

  test("of a sweep puts every case at every place about as often (Fisher and Yates)", () => {
    const [cases, seeds] = [3, 1200];
    const seen = new Map<string, number>();
    for (let seed = 0; seed < seeds; seed++) {
      const order = runOrder(swept(seed, cases)).join();
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    // Chi-squared of six orders, five degrees of freedom: above 20.5 once in a thousand.
    const each = seeds / 6;
    expect(seen.size).toBe(6);
    expect([...seen.values()].reduce((sum, count) => sum + (count - each) ** 2 / each, 0)).toBeLessThan(20.5);
  });
});

describe("repeats of cases", () => {
  test("are planned round by round, every case once in each, the order of each its own and the same for a seed", () => {
    const rounds = inRounds(["a", "b", "c", "d"], 30, 7);
    expect(rounds.map((round) => round.toSorted().join(""))).toEqual(new Array(30).fill("abcd"));
    expect(new Set(rounds.map((round) => round.join(""))).size).toBeGreaterThan(10);
    expect(inRounds(["a", "b", "c", "d"], 30, 7)).toEqual(rounds);
    expect(inRounds(["a", "b", "c", "d"], 30, 8)).not.toEqual(rounds);
  });

  test("run in the order in which they are planned, and are otherwise the case itself", () => {
    const each = swept(3, 4);
    const planned = repeatedCases(each, 5);
    expect(planned.map(({ repeat }) => repeat)).toEqual([0, 1, 2, 3, 4].flatMap((repeat) => new Array(4).fill(repeat)));
    expect(runOrder(planned)).toEqual([...planned.keys()]);
    const { repeat: _, ...plain } = planned[6] ?? expect.unreachable();
    expect(each).toContainEqual(plain);
  });

  test("have the modes that are told beforehand", () => {
    const scenario = scenarioSchema.parse({ title: "x", seed: 9 });
    const points = [{ params: {}, scenario }];
    const planned = repeatedCases(planCases(points, 2), 6);
    expect(plannedModes(points, 6)).toEqual(planned.map(({ mode }) => mode));
    expect(plannedModes(points, null)).toEqual(["sync", "async", "parallel"]);
  });
});

describe("places of a case's queue", () => {
  test("are those of the scenario, and none in sync or where it is unlimited", () => {
    expect(plans({ queue: { capacity: 7 } }).map(queueCapacity)).toEqual([null, 7, 7]);
    expect(plans({ queue: { capacity: "unlimited" } }).map(queueCapacity)).toEqual([null, null, null]);
  });
});

describe("cases of messages", () => {
  test("have as many batches at work on each thread as the scenario says", () => {
    expect(plans({ async: { concurrency: 5 }, parallel: { workers: 3 } }).at(-1)?.slots).toEqual([5, 5, 5]);
  });
});

describe("cases of requests", () => {
  test("divide the requests in flight over their threads, as even as can be", () => {
    const slots = requests({ concurrency: { max: 7 } }, ["sync", "async", "parallel"], { parallel: { workers: 3 } });
    expect(slots.map((plan) => plan.slots)).toEqual([[1], [7], [3, 2, 2]]);
    expect(slots.map((plan) => plan.workers)).toEqual([1, 1, 3]);
    expect(slots.map((plan) => plan.scenario.async.concurrency)).toEqual([1, 7, 3]);
  });

  test("have no more Workers than requests in flight", () => {
    expect(requests({ concurrency: { max: 2 } }, ["parallel"], { parallel: { workers: 6 } })[0]?.workers).toBe(2);
  });

  test("have no more Workers than connections, each of which needs one", () => {
    const [plan] = requests({ concurrency: { max: 9 }, connections: { max: 2 } }, ["parallel"], { parallel: { workers: 6 } });
    expect(plan?.slots).toEqual([5, 4]);
  });

  test("of a list are a closed loop of as many clients as may be in flight, each address asked for once", () => {
    expect(requests({ concurrency: { max: 2 } }, ["async"])[0]?.scenario.load).toEqual({
      executor: "shared-iterations",
      vus: 2,
      iterations: 3,
    });
  });

  test("of a list that is shorter than what may be in flight have a client for each address", () => {
    expect(requests({ concurrency: { max: 50 } }, ["sync", "async"]).map(({ scenario: { load } }) => load)).toEqual([
      { executor: "shared-iterations", vus: 1, iterations: 3 },
      { executor: "shared-iterations", vus: 3, iterations: 3 },
    ]);
  });

  test("with a load of their own keep it", () => {
    const load = { executor: "constant-arrival-rate", rate: 10, duration: "1s" };
    const [plan] = requests({}, ["async"], { load });
    expect(plan?.scenario.load).toMatchObject({ executor: "constant-arrival-rate", rate: 10 });
  });

  test("of an empty list are refused", () => {
    const urlsFile = join(temporaryFolder(), "urls.txt");
    writeFileSync(urlsFile, "# nothing\n");
    expect(() => requests({ urls: undefined, urlsFile }, ["async"])).toThrow(UserError);
  });

  test("of a list file count its addresses once, however many points share it, and each file by itself", () => {
    const folder = temporaryFolder();
    const points = [1, 2, 2].map((count, i) => {
      const urlsFile = join(folder, `${count}.txt`);
      writeFileSync(urlsFile, `${URLS.slice(0, count).join("\n")}\n`);
      const scenario = scenarioSchema.parse({
        title: "x",
        workload: "fetch",
        modes: ["async"],
        load: { executor: "once" },
        fetch: { urlsFile },
      });
      return { params: { i }, scenario };
    });
    const counts = planCases(points, 2).map(({ scenario: { load } }) => (load.executor === "shared-iterations" ? load.iterations : null));
    expect(counts).toEqual([1, 2, 2]);
  });
});

describe("the hash of a scenario", () => {
  const scenario = scenarioSchema.parse({ title: "x" });

  test("does not change with the order of its fields, nor with fields that are not given", () => {
    const { title, queue, ...rest } = scenario;
    const { capacity, ...places } = queue;
    expect(scenarioHash({ ...rest, description: undefined, queue: { ...places, capacity }, title })).toBe(scenarioHash(scenario));
  });

  test("changes with every value, within lists and objects too", () => {
    const others = [
      { ...scenario, seed: scenario.seed + 1 },
      { ...scenario, modes: [...scenario.modes].reverse() },
      { ...scenario, queue: { ...scenario.queue, capacity: 7 } },
    ];
    expect(new Set([scenario, ...others].map(scenarioHash)).size).toBe(4);
  });
});

describe("requests of mode distributed", () => {
  test("have the scenario's limit with each worker, and a list as many clients as these can serve", () => {
    const [plan] = requests({ concurrency: { max: 2 } }, ["distributed"], { distributed: { workers: 5 } });
    expect(plan).toMatchObject({ workers: 5, slots: [2, 2, 2, 2, 2], scenario: { load: { executor: "shared-iterations", vus: 3 } } });
    const [few] = requests({ concurrency: { max: 1 } }, ["distributed"], { distributed: { workers: 2 } });
    expect(few).toMatchObject({ slots: [1, 1], scenario: { load: { vus: 2 } } });
    expect(few === undefined ? 0 : batchLimit(few)).toBe(1);
  });
});

describe("threads of mode distributed", () => {
  const value = { title: "x", modes: ["distributed", "parallel"], distributed: { workers: 2 }, parallel: { workers: 3 } };
  const scenario = scenarioSchema.parse(value);
  const threads = (hosts: number | null, params = {}) => planCases([{ params, scenario }], 4, hosts).map(({ workers }) => workers);

  test("are those of the hosts asked about, unless their number is swept", () => {
    expect(threads(null)).toEqual([2, 3]);
    expect(threads(3)).toEqual([12, 3]);
    expect(threads(3, { "distributed.workers": 2 })).toEqual([2, 3]);
  });
});
