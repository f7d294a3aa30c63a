import { Random } from "../../src/kernel/random.ts";
import { BATCH_ORDERS } from "../../src/queueing/arrange.ts";
import { type Mode, type Scenario, scenarioSchema } from "../../src/scenario/schema.ts";
import { semanticProblems } from "../../src/scenario/semantics.ts";
import { capacityOf } from "../../src/theory/predict.ts";
import { Draw } from "./draw.ts";

/** A case drawn at random from everything a scenario of messages may say, and the machine it is for. */
export interface RandomCase {
  readonly mode: Mode;
  readonly scenario: Scenario;
  readonly workers: number;
  readonly cores: number;
}

/** The i-th case of a campaign: the same for the same seed. Null where what was drawn does not fit together. */
export function randomCase(seed: number, i: number): RandomCase | null {
  const draw = new Draw(new Random(seed, `case ${i}`));
  const mode = draw.of("sync", "async", "async", "parallel", "parallel") as Mode;
  const workers = mode === "parallel" ? draw.of(1, 2, 2, 3, 4, 8) : 1;
  const cores = draw.of<number>(workers, workers, 1, 2, 4);
  const parts = { ...workParts(draw), ...pipelineParts(draw), seed: i + 1, parallel: { workers } };
  const still = scenarioSchema.parse({ title: "random", ...parts });
  const { capacity } = capacityOf({ mode, scenario: still, workers, cores });
  // Of work that takes no time of its own only batches that cost something are simulated.
  if (capacity === null || (still.work.kind === "none" && still.work.perBatch === 0)) return null;
  const messages = draw.of<number>(150, 300, 600, 1000, 2000);
  const load = loadOf(draw, messages, capacity * draw.of(0.1, 0.4, 0.7, 0.9, 1.1, 2));
  const span = messages / capacity;
  const parsed = scenarioSchema.safeParse({
    title: "random",
    ...parts,
    load,
    warmup: `${draw.of(0, 0, 0, 1) * Math.min(0.2 * span, spanOf(load) * 0.3) * 1e3}ms`,
    gracefulStop: `${draw.of(30e6, 30e6, 30e6, 30e6, 0.3 * span * 1e3, 0.05 * span * 1e3) + 1}ms`,
  });
  if (!parsed.success || semanticProblems(parsed.data, {}).length > 0) return null;
  return { mode, scenario: parsed.data, workers, cores };
}

function workParts(draw: Draw): object {
  const kind = draw.of("cpu", "cpu", "sleep", "io", "io", "mixed", "mixed", "none");
  const distribution = draw.of("uniform", "round-robin", "zipf");
  return {
    keys: {
      count: draw.of<number>(1, 2, 5, 20, 1000),
      distribution,
      exponent: draw.of(0.7, 1, 1.5),
      order: draw.of(true, true, true, false),
    },
    loop: { yieldEvery: draw.of<number | string>("batch", "batch", "batch", 1, 3) },
    work: {
      kind,
      time: `${Math.round(draw.between(200, 10_000))}us`,
      distribution: draw.of("constant", "uniform", "exponential", "lognormal"),
      cv: draw.of(0.5, 1, 2),
      cpuShare: draw.of(0.1, 0.3, 0.5, 0.8),
      perBatch: `${draw.of(0, 0, 0, Math.round(draw.between(100, 5000)))}us`,
    },
  };
}

function pipelineParts(draw: Draw): object {
  const latency = draw.between(50, 3000);
  const range = (part: number): object => ({ min: `${Math.round(latency * part)}us`, max: `${Math.round(latency)}us` });
  const timeout = draw.of(undefined, undefined, `${Math.round(draw.between(500, 50_000))}us`);
  const size = draw.of(undefined, 1, 2, 5, 10, 32, 100);
  const order = draw.of("arrival", "arrival", ...BATCH_ORDERS);
  return {
    source: draw.of<object>({}, {}, {}, { latency: range(draw.of(0, 0.5, 1)), connections: draw.of(1, 2, 8) }),
    queue: {
      capacity: draw.of<number | string>(3, 10, 50, 50, 300, 1000, "unlimited"),
      overflow: draw.of("block", "block", "drop-newest", "drop-oldest"),
    },
    batch: { order, ...(size === undefined ? {} : { size }), ...(timeout === undefined ? {} : { timeout }) },
    async: { concurrency: draw.of(1, 1, 2, 4, 10, 50), offload: draw.of("none", "none", "none", "message", "batch") },
    queries: draw.of<object>({}, {}, { rate: Math.round(draw.between(1, 200)), consistency: draw.of("strong", "snapshot") }),
  };
}

type RandomLoad = ReturnType<typeof loadOf>;

function loadOf(draw: Draw, messages: number, rate: number) {
  const seconds = messages / rate;
  const arrivals = { arrivals: draw.of("uniform", "poisson"), jitter: `${draw.of(0, 0, Math.round(2e6 / rate))}us` };
  switch (draw.of("constant", "constant", "constant", "ramp", "bursts", "vus", "iterations")) {
    case "constant":
      return { executor: "constant-arrival-rate", rate, duration: `${seconds * 1e3}ms`, ...arrivals } as const;
    case "ramp": {
      const stage = { duration: `${(seconds / 2) * 1e3}ms` };
      const stages = [
        { ...stage, target: 1.6 * rate },
        { ...stage, target: 0.2 * rate },
      ];
      return { executor: "ramping-arrival-rate", startRate: 0.4 * rate, stages, ...arrivals } as const;
    }
    case "bursts": {
      const count = draw.of<number>(1, 3, 10);
      const size = Math.ceil(messages / count);
      return { executor: "bursts", size, count, every: `${(size / rate) * 1e3}ms` } as const;
    }
    case "vus":
      return { executor: "constant-vus", vus: draw.of(1, 2, 5, 20, 100), duration: `${seconds * 1e3}ms` } as const;
    case "iterations":
      return { executor: "shared-iterations", vus: draw.of(1, 2, 5, 20, 100), iterations: messages } as const;
  }
}

/** Seconds over which the load is spread; 0: all at once, or nobody knows. */
function spanOf(load: RandomLoad): number {
  if ("duration" in load) return Number.parseFloat(load.duration) / 1e3;
  if (load.executor === "bursts") return ((load.count - 1) * Number.parseFloat(load.every)) / 1e3;
  if (load.executor === "shared-iterations") return 0;
  return load.stages.reduce((sum, { duration }) => sum + Number.parseFloat(duration), 0) / 1e3;
}
