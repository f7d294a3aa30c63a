import { CircuitBreakers, CLOSED } from "../../resilience/circuit-breaker.ts";
import { RateLimiter } from "../../resilience/rate-limiter.ts";
import { ItemFigures, type ItemRecord, type WorkerLevels } from "./item-figures.ts";
import { LiveFigures } from "./live-figures.ts";
import type { LoggedAttempts } from "./records.ts";
import { COUNT } from "./report.ts";
import type { FetchSpec } from "./spec.ts";

/** Counts of a thread that belong to no item: they go with the next one that ends. */
const BESIDE = [COUNT.connections, COUNT.fetched] as const;

/** Figures of one thread of a worker: those of each item are apart until they are asked for, to be committed with it. */
export class ApartFigures extends LiveFigures {
  private readonly items = new Map<number, ItemFigures>();
  private readonly told = new Map<number, number>();
  private readonly ofThreads: readonly Float64Array[];
  private readonly breakers: CircuitBreakers | null;
  private readonly limiter: RateLimiter | null;
  private readonly tells: boolean;
  private readonly logs: LoggedAttempts;

  constructor(spec: Pick<FetchSpec, "settings" | "shared" | "logged">, thread: number) {
    super(spec, thread);
    const { circuitBreaker, rateLimit } = spec.settings;
    const { shared } = spec;
    this.ofThreads = shared.counts.map((memory) => new Float64Array(memory));
    this.breakers = circuitBreaker === false ? null : new CircuitBreakers(circuitBreaker, shared.breakers);
    this.limiter = rateLimit === false ? null : new RateLimiter(rateLimit, shared.limiter);
    this.tells = thread === 0;
    this.logs = spec.logged;
  }

  override begin(key: number): ItemFigures {
    const figures = new ItemFigures(this, this.logs);
    this.items.set(key, figures);
    return figures;
  }

  override take(key: number): ItemRecord | undefined {
    const figures = this.items.get(key);
    this.items.delete(key);
    if (figures === undefined) return undefined;
    for (const what of BESIDE) {
      const now = this.of(what);
      const more = now - (this.told.get(what) ?? 0);
      if (more > 0) figures.add(what, more);
      this.told.set(what, now);
    }
    return figures.record(this.levels) ?? undefined;
  }

  override get rateTurns(): readonly number[] {
    // The threads of a worker share one limiter.
    return this.tells ? (this.limiter?.turns ?? []) : [];
  }

  private get levels(): WorkerLevels {
    return {
      inFlight: this.total(COUNT.inFlight),
      waiting: this.total(COUNT.waiting),
      limit: this.total(COUNT.limit),
      peak: this.peak,
      breaker: this.breakers?.worst ?? CLOSED,
      rate: this.limiter?.rate ?? null,
    };
  }

  private total(what: number): number {
    return this.ofThreads.reduce((sum, counts) => sum + (counts[what] ?? 0), 0);
  }
}
