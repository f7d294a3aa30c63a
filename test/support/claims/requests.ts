import { Random } from "../../../src/kernel/random.ts";
import { type Scenario, scenarioSchema } from "../../../src/scenario/schema.ts";
import type { CaseResult } from "../../../src/telemetry/result.ts";
import { Draw } from "../draw.ts";
import { requestsVirtually } from "../virtual-requests.ts";
import type { Told } from "./claim.ts";

/** Cases of requests at random, run on a virtual clock, and what is said to help, tried on the same. */

export interface RequestCase extends Told {
  /** The scenario as it was written, with a list where it has one. */
  readonly asked: Scenario;
  /** What client and server compute for each request, one after another; milliseconds. */
  readonly computeMs: number;
}

/** The i-th case: the same for the same seed. */
export async function requestCase(seed: number, i: number): Promise<RequestCase> {
  const draw = new Draw(new Random(seed, `requests ${i}`));
  const scenario = scenarioSchema.parse({ title: "random", workload: "fetch", seed: i + 1, gracefulStop: "5s", ...drawn(draw) });
  const computeMs = draw.of(0, 0, 0, 0, 0.05, 1, 5);
  return { ...(await requestsVirtually(scenario, computeMs)), computeMs, asked: scenario };
}

function drawn(draw: Draw): object {
  const most = draw.between(1, 80);
  const places = draw.of<number>(1, 2, 5, 10, 20, 50);
  const connections = draw.of<number>(places, places, 100, 100, 1, 3, 10);
  const mock = {
    latency: draw.of({ min: `${most}ms`, max: `${most}ms` }, { min: `${most / 4}ms`, max: `${most}ms` }),
    errorRate: draw.of(0, 0, 0, 0, 0.05, 0.3),
    resetRate: draw.of(0, 0, 0, 0, 0.02),
    stallRate: draw.of(0, 0, 0, 0, 0, 0.02),
    rateLimit: draw.of(0, 0, 0, 0, Math.round(draw.between(20, 300))),
    maxConnections: draw.of(0, 0, 0, 0, 0, Math.ceil(places / 2), 2 * places),
    outages: draw.of<object[]>([], [], [], [], [{ at: "300ms", for: "500ms" }]),
    retryAfter: "1s",
  };
  const initial = Math.round(draw.between(10, 300));
  const fetch = {
    target: { mock },
    tiles: { zoom: 6, count: Math.round(draw.between(20, 500)) },
    timeout: "1s",
    deadline: "10s",
    concurrency: {
      max: draw.of<number | "unlimited">(places, places, places, places, places, places, "unlimited"),
      adaptive: draw.of("none", "none", "none", "none", "none", "aimd"),
      min: 1,
      window: draw.of("sliding", "sliding", "sliding", "sliding", "waves"),
    },
    connections: { max: connections },
    retry: { max: draw.of(0, 1, 3), baseDelay: draw.of("10ms", "100ms"), maxDelay: "1s" },
    circuitBreaker: draw.of<boolean | object>(false, false, false, false, { failureThreshold: 3, openFor: "200ms" }),
    rateLimit: draw.of<boolean | object>(false, false, false, { initial, min: 1, max: draw.of(initial, 1000) }),
  };
  // About what can be done, or less, or more.
  const able = (1000 * Math.min(places, connections)) / most;
  const rate = Math.min(2000, able * draw.of(0.2, 0.5, 0.8, 0.95, 1.1, 2));
  const duration = `${Math.max(400, Math.min(4000, (400 / rate) * 1000))}ms`;
  const arrivals = draw.of("uniform", "poisson");
  const load = draw.of<Record<string, unknown>>(
    { executor: "once" },
    { executor: "once" },
    { executor: "constant-arrival-rate", rate, duration, arrivals },
    { executor: "constant-arrival-rate", rate, duration, arrivals },
    { executor: "constant-arrival-rate", rate, duration, arrivals },
    { executor: "bursts", size: Math.round(draw.between(5, 100)), every: "500ms", count: draw.of(1, 4) },
    { executor: "constant-vus", vus: draw.of<number>(1, 3, 10, 40), duration: "1s" },
  );
  const queue = draw.of({}, {}, {}, { capacity: 10, overflow: "drop-newest" });
  // What is refused or dropped takes no time on a virtual clock: who asks again at once would do so for ever.
  if (load["executor"] === "constant-vus") return { fetch: { ...fetch, circuitBreaker: false }, load };
  return { fetch, queue, load };
}

type Fetch = NonNullable<Scenario["fetch"]>;
type Change = (fetch: Fetch, mock: NonNullable<NonNullable<Fetch["target"]>["mock"]>) => Partial<Fetch>;

/** So many times as many, or up to what the server holds. */
function doubled(value: number | "unlimited", { maxConnections }: { readonly maxConnections: number }): number | "unlimited" {
  if (value === "unlimited") return value;
  return maxConnections > 0 ? Math.max(value, Math.min(2 * value, maxConnections)) : 2 * value;
}

const places: Change = ({ concurrency }, mock) => ({ concurrency: { ...concurrency, max: doubled(concurrency.max, mock) } });
const connections: Change = ({ connections }, mock) => ({
  connections: { ...connections, max: Number(doubled(connections.max, mock)) },
});

/** What is said to help, as a change of the scenario. */
const ADVICE: Readonly<Record<string, Change>> = {
  "A larger fetch.concurrency.max would help": places,
  "A larger fetch.connections.max would help": connections,
  "Larger fetch.concurrency.max and fetch.connections.max would help": (fetch, mock) => ({
    ...places(fetch, mock),
    ...connections(fetch, mock),
  }),
  "A larger one would help": ({ rateLimit }) =>
    rateLimit === false
      ? {}
      : {
          rateLimit: {
            ...rateLimit,
            max: 2 * rateLimit.max,
            initial: rateLimit.initial === rateLimit.max ? 2 * rateLimit.initial : rateLimit.initial,
          },
        },
  "A higher start would help": ({ rateLimit }) =>
    rateLimit === false ? {} : { rateLimit: { ...rateLimit, initial: Math.min(rateLimit.max, 2 * rateLimit.initial) } },
  "A window that slides (fetch.concurrency.window) would help": ({ concurrency }) => ({
    concurrency: { ...concurrency, window: "sliding" },
  }),
};

const everything: Change = ({ concurrency, connections }) => ({
  concurrency: { ...concurrency, max: concurrency.max === "unlimited" ? concurrency.max : 4 * concurrency.max },
  connections: { ...connections, max: 4 * connections.max },
});

/** What is said not to help, and what nothing of the client's own would make quicker. */
const NO_USE: Readonly<Record<string, Change>> = {
  "More places would not help": places,
  "more at once would wait for the same cores": (fetch, mock) => ({ ...places(fetch, mock), ...connections(fetch, mock) }),
  "The arrivals are the limit": (fetch) => ({ ...everything(fetch, MANY), rateLimit: false }),
};
const MANY = { maxConnections: 0 } as Parameters<Change>[1];

async function changed({ asked, computeMs }: RequestCase, change: Change): Promise<CaseResult> {
  const { fetch } = asked;
  const mock = fetch?.target?.mock;
  if (fetch === undefined || mock === undefined) throw new Error("no requests");
  return (await requestsVirtually({ ...asked, fetch: { ...fetch, ...change(fetch, mock) } }, computeMs)).result;
}

const lost = ({ ledger }: CaseResult) => ledger.unfinished + ledger.dropped.newest + ledger.dropped.oldest;
const told = ({ throughput, latency, durationMs }: CaseResult) =>
  `${throughput.toFixed(1)}/s, ${latency.sojourn.mean.toFixed(2)} ms, ${durationMs.toFixed(0)} ms in all`;

/** Advice in a text that, followed, makes nothing better; and more that does help though it is said not to. */
export async function uselessRequestAdvice(text: string, one: RequestCase): Promise<string[]> {
  const before = one.result;
  const wrong: string[] = [];
  for (const [advice, change] of Object.entries(ADVICE)) {
    // Twice as much may be more than a server allows that is said to allow no more.
    if (!text.includes(advice) || (one.asked.fetch?.target?.mock?.rateLimit ?? 0) > 0) continue;
    const after = await changed(one, change);
    const more = after.throughput > 1.02 * before.throughput || after.durationMs < 0.98 * before.durationMs;
    const sooner = (["mean", "p50"] as const).some(
      (figure) => (after.latency.sojourn[figure] ?? 0) < 0.98 * (before.latency.sojourn[figure] ?? 0),
    );
    if (!more && !sooner && lost(after) >= lost(before)) wrong.push(`does not help: "${advice}": ${told(before)} → ${told(after)}`);
  }
  for (const [advice, change] of Object.entries(NO_USE)) {
    if (!text.includes(advice)) continue;
    const after = await changed(one, change);
    // By a little it may, and by chance.
    const more = after.throughput > 1.3 * before.throughput + 1;
    const less = (figure: "p50" | "mean", share: number) =>
      (after.latency.sojourn[figure] ?? 0) < share * (before.latency.sojourn[figure] ?? 0);
    const sooner = less("p50", 0.7) && less("mean", 0.9) && after.ledger.processed >= before.ledger.processed;
    // Of what comes by itself no more can be done than comes.
    if (advice === "The arrivals are the limit" ? sooner : more) wrong.push(`helps, and "${advice}": ${told(before)} → ${told(after)}`);
  }
  return wrong;
}
