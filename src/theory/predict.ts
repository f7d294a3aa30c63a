import { keyShares } from "../load/keys.ts";
import type { Mode, Scenario } from "../scenario/schema.ts";
import type { Prediction } from "../telemetry/result.ts";
import { dd1OverloadSojourn, dd1Sojourn, md1Sojourn, md1SojournQuantile } from "./queues.ts";

export interface Expected {
  readonly mode: Mode;
  readonly scenario: Scenario;
  readonly workers: number;
  readonly cores: number;
}

/** What one item asks of each resource, in seconds. */
interface Demand {
  /** Holds a core. */
  readonly cpu: number;
  /** Holds its thread, not a core. */
  readonly hold: number;
  /** Waits outside; overlaps where the mode lets it. */
  readonly wait: number;
}

/** What theory expects of a case before it runs. Figures no formula here gives are null. */
export function predict({ mode, scenario, workers, cores }: Expected): Prediction {
  const demand = demandOf(scenario);
  const service = demand.cpu + demand.hold + demand.wait;
  const { capacity, bottleneck, servers } = capacityOf(mode, demand, scenario, workers, cores);
  const lambda = offeredRate(scenario);
  if (capacity === null || lambda === null) {
    return { capacity, throughput: capacity, sojournMean: null, sojournP99: null, utilization: null, bottleneck, model: "capacity" };
  }
  const hot = mode === "parallel" && servers > 1 ? hottestShare(scenario, servers) : null;
  const limit = hot === null ? capacity : Math.min(capacity, capacity / servers / hot.share);
  const utilization = Math.min(1, lambda / capacity);
  const base = {
    capacity,
    throughput: Math.min(lambda, limit),
    utilization,
    bottleneck: lambda < limit ? "arrivals" : limit < capacity ? "hot key" : bottleneck,
  };
  const single = servers === 1 && scenario.async.concurrency === 1 && oneByOne(mode, scenario);
  const steady = scenario.load.executor === "constant-arrival-rate" && scenario.load.jitter === 0 ? scenario.load : null;
  if (!single || steady === null) return { ...base, sojournMean: null, sojournP99: null, model: "capacity" };
  return { ...base, ...sojourn(lambda, service, steady, mode, scenario) };
}

function sojourn(
  lambda: number,
  service: number,
  load: { readonly arrivals: "uniform" | "poisson"; readonly duration: number },
  mode: Mode,
  scenario: Scenario,
): Pick<Prediction, "sojournMean" | "sojournP99" | "model"> {
  const ms = (seconds: number | null) => (seconds === null ? null : seconds * 1000);
  if (load.arrivals === "poisson") {
    return { sojournMean: ms(md1Sojourn(lambda, service)), sojournP99: ms(md1SojournQuantile(0.99, lambda, service)), model: "M/D/1" };
  }
  const calm = dd1Sojourn(lambda, service);
  if (calm !== null) return { sojournMean: ms(calm), sojournP99: ms(calm), model: "D/D/1" };
  // A drop rule or an early stop changes who is served; without them the line only grows.
  const everyoneWaits = mode === "sync" || scenario.queue.overflow === "block";
  const seconds = load.duration / 1e6;
  const drained = seconds * lambda * service <= seconds + scenario.gracefulStop / 1e6;
  if (!everyoneWaits || !drained) return { sojournMean: null, sojournP99: null, model: "D/D/1, overloaded" };
  const mean = dd1OverloadSojourn(lambda, service, seconds);
  return { sojournMean: ms(mean), sojournP99: ms(service + 0.99 * 2 * (mean - service)), model: "D/D/1, overloaded" };
}

function demandOf({ work }: Scenario): Demand {
  const time = work.time / 1e6;
  switch (work.kind) {
    case "none":
    case "handler":
      return { cpu: 0, hold: 0, wait: 0 };
    case "cpu":
      return { cpu: time, hold: 0, wait: 0 };
    case "sleep":
      return { cpu: 0, hold: time, wait: 0 };
    case "io":
      return { cpu: 0, hold: 0, wait: time };
    case "mixed":
      return { cpu: time * work.cpuShare, hold: 0, wait: time * (1 - work.cpuShare) };
    default:
      return work.kind satisfies never;
  }
}

interface Capacity {
  readonly capacity: number | null;
  readonly bottleneck: string;
  readonly servers: number;
}

/** The rate at which the first resource is used up. Work that takes no time has no capacity theory knows of. */
function capacityOf(mode: Mode, demand: Demand, scenario: Scenario, workers: number, cores: number): Capacity {
  const service = demand.cpu + demand.hold + demand.wait;
  if (service === 0) return { capacity: null, bottleneck: "the lab's own overhead", servers: 1 };
  const name = demand.cpu >= demand.hold && demand.cpu >= demand.wait ? "cpu" : demand.hold >= demand.wait ? "sleep" : "io";
  if (mode === "sync") return { capacity: 1 / service, bottleneck: name, servers: 1 };
  const threads = mode === "async" ? 1 : workers;
  const slots = threads * scenario.async.concurrency;
  const limits: [number, string, number][] = [];
  const held = demand.cpu + demand.hold;
  if (held > 0) limits.push([threads / held, mode === "async" ? (demand.cpu > 0 ? "cpu" : "sleep") : "workers", threads]);
  if (demand.cpu > 0) limits.push([cores / demand.cpu, "all cores", cores]);
  limits.push([slots / service, slots === 1 ? name : "concurrency", slots]);
  limits.sort((a, b) => a[0] - b[0]);
  const [capacity, bottleneck, servers] = limits[0] ?? [1 / service, name, 1];
  return { capacity, bottleneck: bottleneck === "workers" && threads >= cores && demand.cpu > 0 ? "all cores" : bottleneck, servers };
}

/** Share of the arrivals that the busiest server gets at least, because a key is never split. */
function hottestShare(scenario: Scenario, servers: number): { readonly share: number } | null {
  const { keys } = scenario;
  if (keys.distribution !== "zipf" && keys.count >= servers) return null;
  const shares = keyShares(keys);
  const share = Math.max(shares[0] ?? 1, 1 / servers);
  return share > 1 / servers ? { share } : null;
}

function oneByOne(mode: Mode, { batch }: Scenario): boolean {
  return mode === "sync" || (batch.size ?? (batch.timeout === undefined ? 1 : 2)) === 1;
}

function offeredRate({ load }: Scenario): number | null {
  if (load.executor === "constant-arrival-rate" && typeof load.rate === "number") return (load.rate * 1e6) / load.timeUnit;
  if (load.executor === "bursts" && load.count > 1) return (load.size * load.count * 1e6) / (load.every * load.count);
  if (load.executor === "replay" && load.rate !== undefined) return load.rate;
  return null;
}
