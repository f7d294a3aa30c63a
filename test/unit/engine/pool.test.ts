import { describe, expect, test } from "bun:test";
import type { Assignment, OnAnswer, SpawnWorker, WorkerLink, WorkerReply } from "../../../src/engine/executor/parallel/link.ts";
import { type SessionSettings, WorkerPool } from "../../../src/engine/executor/parallel/pool.ts";

const DONE = { type: "done", state: {}, report: {}, failures: [], cpu: null, work: {} } as unknown as Extract<
  WorkerReply,
  { type: "done" }
>;

/** A pool whose Workers say what the test has them say. */
function poolOf(size: number, slots = Array<number>(size).fill(1)) {
  const [hear, lose]: [((reply: WorkerReply) => void)[], ((how: string) => void)[]] = [[], []];
  const opened: Assignment[] = [];
  const told: unknown[] = [];
  const room = Array<number>(size).fill(100);
  const answers: (readonly [id: number, json: string | null])[] = [];
  const link = (worker: number) =>
    ({
      ask: (id: number, key: number) => {
        if (room[worker] === 0) return false;
        room[worker] = (room[worker] ?? 0) - 1;
        told.push(["ask", worker, id, key]);
        return true;
      },
      readAnswers: (on: OnAnswer) => {
        for (const [id, json] of answers) on(id, json);
        return answers.splice(0).length > 0;
      },
      start: (origin: number) => told.push(["start", worker, origin]),
      end: (halting: boolean) => told.push(["end", worker, halting]),
    }) as unknown as WorkerLink;
  const spawn: SpawnWorker = (onReply, onLost) => {
    const worker = hear.push(onReply) - 1;
    lose.push(onLost);
    return {
      open: (assignment) => {
        opened.push(assignment);
        return link(worker);
      },
      terminate: async () => told.push(["terminate", worker]),
    };
  };
  const pool = new WorkerPool(size, spawn);
  const begin = () => {
    const begun = pool.begin({ slots } as unknown as SessionSettings, 10);
    for (const each of hear) each({ type: "ready" });
    return begun;
  };
  return { pool, begin, hear, lose, opened, told, room, answers };
}

describe("a pool of Workers", () => {
  test("has begun once all are ready, each with its own slots", async () => {
    const { pool, hear, opened } = poolOf(2, [3, 2]);
    let begun = false;
    const beginning = pool.begin({ slots: [3, 2] } as unknown as SessionSettings, 10).then(() => {
      begun = true;
    });
    hear[0]?.({ type: "ready" });
    await Promise.resolve();
    expect(begun).toBe(false);
    hear[1]?.({ type: "ready" });
    await beginning;
    expect(opened.map(({ worker, concurrency }) => [worker, concurrency])).toEqual([
      [0, 3],
      [1, 2],
    ]);
  });

  test("starts and ends all, and has the report of each", async () => {
    const { begin, hear, told } = poolOf(2);
    const session = await begin();
    session.startAt(7);
    const ended = session.end(true);
    for (const each of hear) each(DONE);
    expect(await ended).toEqual([DONE, DONE]);
    expect(told).toEqual([
      ["start", 0, 7],
      ["start", 1, 7],
      ["end", 0, true],
      ["end", 1, true],
    ]);
  });

  test.each<[string, (made: ReturnType<typeof poolOf>) => void, string]>([
    ["one that breaks", ({ hear }) => hear[1]?.({ type: "broken", reason: "no memory" }), "Worker 1 broke: no memory"],
    ["one that is gone", ({ lose }) => lose[1]?.("ended by itself"), "Worker 1 ended by itself"],
  ])("names %s, and has the reports of the others", async (_, harm, sentence) => {
    const made = poolOf(2);
    const session = await made.begin();
    expect([made.pool.broken, made.pool.hasFailed(1)]).toEqual([null, false]);
    const ended = session.end(false);
    harm(made);
    made.hear[0]?.(DONE);
    expect(await ended).toEqual([DONE, null]);
    expect([made.pool.broken, made.pool.hasFailed(0), made.pool.hasFailed(1)]).toEqual([sentence, false, true]);
    // The first that failed is named.
    made.hear[0]?.({ type: "gave-up", reason: "later" });
    expect(made.pool.broken).toBe(sentence);
  });

  test("says why one gave up, which still replies", async () => {
    const { pool, begin, hear } = poolOf(1);
    const session = await begin();
    hear[0]?.({ type: "gave-up", reason: "no program" });
    expect([pool.broken, pool.hasFailed(0)]).toEqual(["Worker 0: no program", false]);
    const ended = session.end(false);
    hear[0]?.(DONE);
    expect(await ended).toEqual([DONE]);
  });

  test("terminates those that have not replied, and no others", async () => {
    const { pool, begin, hear, told } = poolOf(3);
    const session = await begin();
    void session.end(false);
    hear[1]?.(DONE);
    told.length = 0;
    expect(pool.terminateSilent()).toEqual([0, 2]);
    expect(told).toEqual([
      ["terminate", 0],
      ["terminate", 2],
    ]);
  });
});

describe("questions to Workers", () => {
  const settled = (question: Promise<string | null>) => {
    const state = { is: "open" as string | null };
    question.then(
      (json) => {
        state.is = json;
      },
      (error: Error) => {
        state.is = error.message;
      },
    );
    return state;
  };
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  test("are answered by message or through the link, each its own", async () => {
    const { begin, hear, answers, told } = poolOf(2);
    const session = await begin();
    const [one, two] = [settled(session.ask(0, 5)), settled(session.ask(1, 6))];
    expect(told).toEqual([
      ["ask", 0, 1, 5],
      ["ask", 1, 2, 6],
    ]);
    expect(session.look()).toBe(false);
    hear[1]?.({ type: "answer", id: 2, json: "{}" });
    await turn();
    expect([one.is, two.is]).toEqual(["open", "{}"]);
    answers.push([1, null]);
    expect(session.look()).toBe(true);
    await turn();
    expect([one.is, session.look()]).toEqual([null, false]);
  });

  test("wait for room, and go in their order once an answer has made some", async () => {
    const { begin, hear, room, told } = poolOf(1);
    const session = await begin();
    room[0] = 1;
    for (const key of [5, 6, 7]) void session.ask(0, key);
    expect(told).toEqual([["ask", 0, 1, 5]]);
    room[0] = 2;
    hear[0]?.({ type: "answer", id: 1, json: "{}" });
    expect(told.slice(1)).toEqual([
      ["ask", 0, 2, 6],
      ["ask", 0, 3, 7],
    ]);
  });

  test.each<[string, (made: ReturnType<typeof poolOf>) => void]>([
    ["breaks", ({ hear }) => hear[1]?.({ type: "broken", reason: "x" })],
    ["is gone", ({ lose }) => lose[1]?.("x")],
  ])("end where a Worker %s", async (_, harm) => {
    const made = poolOf(2);
    const session = await made.begin();
    const question = settled(session.ask(1, 5));
    harm(made);
    await turn();
    expect(question.is).toBe("the Worker is gone");
  });

  test("stay open whatever else is said", async () => {
    const { begin, hear } = poolOf(2);
    const session = await begin();
    const question = settled(session.ask(1, 5));
    hear[0]?.(DONE);
    hear[0]?.({ type: "closed" });
    hear[1]?.({ type: "gave-up", reason: "x" });
    await turn();
    expect(question.is).toBe("open");
  });

  test("of what was published are answered by the last of it, with its age", async () => {
    const { begin, hear } = poolOf(2);
    const session = await begin();
    expect(session.published(1, 5, 30)).toEqual({ json: null, age: 30 });
    hear[1]?.({
      type: "published",
      at: 10,
      states: [
        [5, "a"],
        [6, "b"],
      ],
    });
    hear[1]?.({ type: "published", at: 20, states: [[5, "c"]] });
    expect([session.published(1, 5, 30), session.published(1, 6, 15), session.published(0, 5, 30)]).toEqual([
      { json: "c", age: 10 },
      { json: "b", age: 0 },
      { json: null, age: 30 },
    ]);
  });
});
