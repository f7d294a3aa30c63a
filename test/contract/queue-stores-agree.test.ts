import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { NO_HEADERS } from "../../src/flows/headers.ts";
import { QueueError, type QueueStore, type StoreOptions } from "../../src/flows/index.ts";
import { MemoryStore } from "../../src/flows/message-queue/memory/store.ts";
import { SqliteStore } from "../../src/flows/message-queue/sqlite/store.ts";
import type { LeaseRef, NewMessage, Settlement } from "../../src/flows/message-queue/store.ts";
import { patience, rounds } from "../support/campaign.ts";
import { temporaryFolder } from "../support/cli.ts";
import { RedisStores } from "../support/redis-queue.ts";
import { HAS_REDIS } from "../support/redis-server.ts";
import { VirtualTimers } from "../support/virtual-timers.ts";

setDefaultTimeout(patience(60_000));

const folder = temporaryFolder();
const redis = new RedisStores();
beforeAll(() => redis.start());
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await redis.stop();
});
let files = 0;

const GROUPS = ["a", "b"];
const TOKENS = [1, 2];
const group = fc.constantFrom(...GROUPS);

const act = fc.oneof(
  fc.record({
    do: fc.constant("send" as const),
    key: fc.constantFrom(null, "x", "y"),
    priority: fc.constantFrom(0, 0, 1, -2),
    delayMs: fc.constantFrom(0, 0, 0, 5),
    idempotencyKey: fc.constantFrom(null, null, null, "once", "twice"),
    headers: fc.constantFrom(NO_HEADERS, NO_HEADERS, { tenant: "a" }),
    count: fc.constantFrom(1, 1, 2, 4),
  }),
  fc.record({
    do: fc.constant("lease" as const),
    group,
    max: fc.integer({ min: 1, max: 4 }),
    token: fc.constantFrom(...TOKENS),
    ms: fc.constantFrom(20, 20, 8),
  }),
  fc.record({
    do: fc.constant("end" as const),
    group,
    which: fc.nat(20),
    token: fc.constantFrom(null, null, null, ...TOKENS),
    how: fc.constantFrom("acknowledged" as const, "acknowledged" as const, "dead" as const, "again" as const, "released" as const),
  }),
  fc.record({ do: fc.constant("extend" as const), group, token: fc.constantFrom(...TOKENS) }),
  fc.record({ do: fc.constant("redrive" as const), group, ids: fc.constantFrom("all" as const, [1, 3, 5]) }),
  fc.record({ do: fc.constant("remove" as const), group, ids: fc.constantFrom([1, 2], [3], [2, 4, 6]) }),
  fc.record({ do: fc.constant("pause" as const), group, paused: fc.boolean() }),
  fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 12 }) }),
);
type Act = typeof act extends fc.Arbitrary<infer A> ? A : never;

interface Lease extends LeaseRef {
  readonly group: string;
  readonly token: number;
}

/** Which act is done to which lease, chosen once for both stores. */
interface Deed {
  readonly act: Act;
  readonly now: number;
  readonly held: readonly Lease[];
}

const NOTHING: Settlement = { acknowledged: [], again: [], dead: [], released: [] };

/** Who tries a message of a key again, or puts one back, puts back the later ones it holds. */
function settlementOf(how: keyof Settlement, lease: Lease, held: readonly Lease[], ordered: boolean): Settlement {
  const ref = { id: lease.id, attempt: lease.attempt, delayMs: 3, reason: "no" };
  const back = ordered && (how === "again" || how === "released");
  const later = back ? held.filter(({ group, token, id }) => group === lease.group && token === lease.token && id > lease.id) : [];
  const one = { ...NOTHING, [how]: [ref] };
  return { ...one, released: [...one.released, ...later] };
}

async function answer(store: QueueStore, { act, now, held }: Deed, ordered: boolean): Promise<unknown> {
  switch (act.do) {
    case "send": {
      const { key, delayMs, idempotencyKey, headers, count } = act;
      const priority = ordered && key !== null ? 0 : act.priority;
      const messages: NewMessage[] = Array.from({ length: count }, (_, i) => ({
        value: { now, i },
        terms: { key, priority, delayMs, idempotencyKey: i > 0 ? null : idempotencyKey, headers },
      }));
      return store.send(messages, now);
    }
    case "lease": {
      const { messages, dead } = await store.lease(act.group, { max: act.max, token: act.token, until: now + act.ms }, now);
      const said = messages.map(({ id, value, key, priority, attempt, sentAt, idempotencyKey, headers }) => ({
        ...{ id, value, key, priority, attempt, sentAt, idempotencyKey, headers },
      }));
      return { messages: said, dead: [...dead].sort((a, b) => a.id - b.id) };
    }
    case "end": {
      const mine = held.filter(({ group }) => group === act.group);
      const lease = mine[act.which % Math.max(1, mine.length)];
      if (lease === undefined) return null;
      const lost = await store.settle(act.group, act.token ?? lease.token, settlementOf(act.how, lease, held, ordered), now);
      return [...lost].sort((a, b) => a - b);
    }
    case "extend": {
      // As a consumer does: all it holds.
      const mine = held.filter(({ group, token }) => group === act.group && token === act.token);
      return store.extend(act.group, act.token, mine, now + 30);
    }
    case "redrive":
      return store.redrive(act.group, act.ids, now);
    case "remove":
      return store.remove(act.group, act.ids);
    case "pause":
      return (await store.pause(act.group, act.paused)) ?? null;
    case "wait":
      return null;
    default:
      return act satisfies never;
  }
}

const list = (store: QueueStore, group: string) =>
  store.list(group, { states: ["waiting", "delayed", "working", "dead"], after: 0, limit: 99 });

/** All that can be asked of a store without changing it. */
async function shows(store: QueueStore, last: number): Promise<unknown> {
  const groups = [];
  for (const group of GROUPS) {
    const ids = Array.from({ length: last + 2 }, (_, id) => id);
    const states = await Promise.all(ids.map((id) => store.stateOf(group, id)));
    const dead = (await store.deadLetters(group, 100)).sort((a, b) => a.at - b.at || a.id - b.id);
    groups.push({ states, dead, depth: await store.depth(group), survey: await store.survey(group), listed: await list(store, group) });
  }
  return { groups, room: await store.room() };
}

async function orRefusal<T>(work: Promise<T>): Promise<T | string> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof QueueError)) throw error;
    return `${error.problem}: ${error.message}`;
  }
}

/** Does the same to both; every answer, and all they show after it, must be the same. */
async function agree(memory: MemoryStore, other: QueueStore, acts: readonly Act[], ordered: boolean): Promise<void> {
  const stores = [memory, other];
  const held: Lease[] = [];
  let now = 1000;
  let last = 0;
  for (const act of acts) {
    if (act.do === "wait") now += act.ms;
    const answers: unknown[] = [];
    for (const store of stores) answers.push(await orRefusal(answer(store, { act, now, held }, ordered)));
    for (const each of answers) expect({ act, answer: each }).toEqual({ act, answer: answers[0] });
    if (act.do === "send" && Array.isArray(answers[0])) last = Math.max(last, ...answers[0].map(({ id }: { id: number }) => id));
    if (act.do === "lease") {
      const { messages } = answers[0] as { messages: readonly LeaseRef[] };
      for (const { id, attempt } of messages) held.push({ id, attempt, group: act.group, token: act.token });
    }
    // Where one does not know it better, it may say a time at which nothing comes after all; never one that is too late.
    for (const group of GROUPS) {
      const [soonest, exact] = [await memory.nextAt(group), await other.nextAt(group)];
      if (exact !== null) expect({ act, soonest }).toEqual({ act, soonest: Math.min(exact, soonest ?? Number.POSITIVE_INFINITY) });
    }
    const shown: unknown[] = [];
    for (const store of stores) shown.push(await shows(store, last));
    for (const each of shown) expect({ act, shown: each }).toEqual({ act, shown: shown[0] });
  }
}

const newFile = () => join(folder, `q${++files}.db`);
const KINDS: readonly { kind: string; open: (options: StoreOptions) => QueueStore; runs: number; skip?: boolean }[] = [
  {
    kind: "on SQLite",
    open: (options) =>
      new SqliteStore({ ...options, file: newFile(), durability: "process", busyMs: 1000, maxBytes: Number.POSITIVE_INFINITY }),
    runs: 40,
  },
  {
    kind: "in Redis (needs redis-server)",
    open: (options) => redis.store(options, redis.newName(), new VirtualTimers()),
    runs: 8,
    skip: !HAS_REDIS,
  },
];

for (const { kind, open, runs, skip = false } of KINDS)
  test.skipIf(skip)(`F-4 a queue's store ${kind} answers as that in memory does, whatever is asked of them`, async () => {
    const order = fc.constantFrom("none" as const, "key" as const);
    await fc.assert(
      fc.asyncProperty(order, fc.constantFrom(6, 100), fc.array(act, { minLength: 20, maxLength: 60 }), async (order, capacity, acts) => {
        const options: StoreOptions = { groups: GROUPS, order, capacity, maxAttempts: 2, rememberMs: 30 };
        const store = open(options);
        try {
          await agree(new MemoryStore(options), store, acts, order === "key");
        } finally {
          await store.close();
        }
      }),
      { numRuns: rounds(runs) },
    );
  });
