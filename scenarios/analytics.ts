import { type FlowOrchestrator, MessageQueue, ReactiveStream, type Settled } from "../src/flows.ts";
import type { FlowItem, FlowLab } from "../src/index.ts";

interface Visit {
  readonly item: FlowItem;
  readonly visitor: string;
  readonly page: string;
  readonly ms: number;
  /** Spent, in cents; most spend nothing. */
  readonly cents: number;
}

/** What the site did in a second. */
interface Aggregate {
  readonly visits: number;
  readonly visitors: number;
  readonly cents: number;
  readonly slowest: number;
}

const GROUPS = ["pages", "revenue", "anomalies"] as const;
const PAGES = ["/", "/search", "/product", "/basket", "/checkout"] as const;

/** Visits through three groups of consumers, and a live aggregate of each second. */
export default function analytics(flows: FlowOrchestrator, lab: FlowLab): (item: FlowItem) => Promise<void> {
  const visits = flows.register(MessageQueue.open<Visit>("visits", { groups: GROUPS }));
  const live = flows.register(ReactiveStream.of<Aggregate>("live"));
  const dashboard: Aggregate[] = [];
  live.subscribe((second) => {
    dashboard.push(second);
    if (dashboard.length > 60) dashboard.shift();
  });

  const pages = new Map<string, { visits: number; ms: number }>();
  const revenue = new Map<string, number>();
  /** Mean and variance of the time a page takes, by Welford's method. */
  const times = { count: 0, mean: 0, squares: 0, anomalies: 0 };
  let second = { visits: 0, visitors: new Set<string>(), cents: 0, slowest: 0 };
  flows.task("aggregate", async (signal) => {
    while (!signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 1000);
        signal.addEventListener("abort", () => {
          clearTimeout(timer);
          resolve();
        });
      });
      const { visitors, ...rest } = second;
      second = { visits: 0, visitors: new Set(), cents: 0, slowest: 0 };
      if (!signal.aborted) live.emit({ ...rest, visitors: visitors.size });
    }
  });

  /** Groups that are not through with a visit yet, by the id of its message. */
  const left = new Map<number, { groups: number; readonly done: () => void }>();
  const onSettled = (messages: readonly Settled[]) => {
    for (const { id } of messages) {
      const visit = left.get(id);
      if (visit === undefined || --visit.groups > 0) continue;
      left.delete(id);
      visit.done();
    }
  };
  visits.consume(
    ({ value: { page, ms, visitor, cents } }) => {
      const known = pages.get(page) ?? { visits: 0, ms: 0 };
      pages.set(page, { visits: known.visits + 1, ms: known.ms + ms });
      second.visits++;
      second.visitors.add(visitor);
      second.cents += cents;
      second.slowest = Math.max(second.slowest, ms);
    },
    { group: "pages", onSettled },
  );
  visits.consume(
    async ({ value: { item, visitor, cents } }) => {
      revenue.set(visitor, (revenue.get(visitor) ?? 0) + cents);
      await lab.handle(item, 0);
    },
    { group: "revenue", concurrency: 50, onSettled },
  );
  visits.consume(
    ({ value: { ms } }) => {
      times.count++;
      const before = ms - times.mean;
      times.mean += before / times.count;
      times.squares += before * (ms - times.mean);
      if (times.count > 30 && before > 3 * Math.sqrt(times.squares / times.count)) times.anomalies++;
    },
    { group: "anomalies", onSettled },
  );
  return async (item) => {
    // Settled at the earliest when the loop comes round again, so after this is written down.
    const { id } = await visits.send(visitOf(item));
    await new Promise<void>((resolve) => left.set(id, { groups: GROUPS.length, done: resolve }));
  };
}

function visitOf(item: FlowItem): Visit {
  const { index } = item;
  const page = PAGES[(index * 7) % PAGES.length] ?? "/";
  const ms = 20 + ((index * 37) % 180) + (index % 500 === 499 ? 2000 : 0);
  return { item, visitor: `v${(index * 31) % 700}`, page, ms, cents: page === "/checkout" ? 500 + ((index * 13) % 9000) : 0 };
}
