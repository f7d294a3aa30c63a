import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DataPipeline, EventBus, FlowOrchestrator, MessageQueue } from "../../../src/flows/index.ts";
import { chance, pause } from "../../../src/kernel/timers.ts";
import { rounds } from "../../support/campaign.ts";
import { SeededTimers } from "../../support/virtual-timers.ts";

interface Shop {
  order: { readonly number: number };
}

interface Simulated {
  /** All that happened, with its instant. */
  readonly trace: readonly string[];
  /** How each order's message ended. */
  readonly ends: ReadonlyMap<number, number>;
  readonly acknowledged: number;
  readonly dead: number;
}

const ORDERS = 12;
const backoff = { backoff: "exponential", baseDelay: 5, maxDelay: 50, jitter: "full" } as const;

/** Bus → durable-like queue → pipeline, all of them slow and unreliable as the seed has it, on a clock and in an order of the seed. */
async function simulated(seed: number): Promise<Simulated> {
  const timers = new SeededTimers(seed);
  const trace: string[] = [];
  const note = (what: string) => trace.push(`${timers.now().toFixed(3)} ${what}`);
  const ends = new Map<number, number>();
  const quiet = { timers, onFailure: () => {} };
  const flows = new FlowOrchestrator({ name: "shop", timers, log: () => {} });
  const bus = flows.register(new EventBus<Shop>({ name: "bus", ...quiet }));
  const queue = flows.register(MessageQueue.open<number>("orders", { ...quiet, maxAttempts: 3, backoff }));
  const pipeline = flows.register(
    DataPipeline.of<number>("work", quiet)
      .stage(
        "pack",
        async (number, context) => {
          await pause(timers, chance(timers) * 8);
          if (chance(timers) < 0.2) throw new Error("torn");
          note(`packed ${number} as ${context.flowId}, attempt ${context.attempt}`);
          return number;
        },
        { concurrency: 3, retry: { max: 1, ...backoff } },
      )
      .into((number) => note(`sent ${number}`)),
  );
  bus.subscribe("order", async ({ id, data }) => {
    note(`heard ${id}`);
    await queue.send(data.number);
  });
  const consumer = queue.consume(
    async ({ value, attempt }) => {
      note(`took ${value}, attempt ${attempt}`);
      await pause(timers, chance(timers) * 3);
      if (chance(timers) < 0.3) throw new Error("dropped");
      await pipeline.process(value);
    },
    { concurrency: 4, onSettled: (settled) => settled.forEach(({ id }) => void ends.set(id, (ends.get(id) ?? 0) + 1)) },
  );
  await flows.start();
  for (let number = 0; number < ORDERS; number++) bus.emit("order", { number });
  for (let waited = 0; ends.size < ORDERS && waited < 1000; waited++) await timers.advance(10);
  const { acknowledged, dead } = consumer.stats();
  return { trace, ends, acknowledged, dead };
}

describe("flows on a clock, in an order and by a chance of their own", () => {
  test("a run with the same seed is the same run, to every instant, attempt and id", async () => {
    const [once, again] = [await simulated(7), await simulated(7)];
    expect(once.trace.length).toBeGreaterThan(3 * ORDERS);
    expect(again.trace).toEqual(once.trace);
  });

  test("another seed is another run", async () => {
    expect((await simulated(8)).trace).not.toEqual((await simulated(9)).trace);
  });

  test("in whatever order, every message ends once", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const { ends, acknowledged, dead } = await simulated(seed);
        expect([...ends.values()]).toEqual(new Array<number>(ORDERS).fill(1));
        expect(acknowledged + dead).toBe(ORDERS);
      }),
      { numRuns: rounds(15) },
    );
  });
});
