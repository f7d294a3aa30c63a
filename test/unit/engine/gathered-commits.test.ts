import { describe, expect, test } from "bun:test";
import type { AskedCommit, Commit, CommitReply } from "../../../src/engine/executor/distributed/streams.ts";
import { GatheredCommits } from "../../../src/engine/worker/gathered-commits.ts";
import { VirtualTime } from "../../../src/kernel/virtual-time.ts";

const MS = 1e6;

/** Commits at some instants, in milliseconds, over a connection whose answers take a while. */
async function committed(
  at: readonly number[],
  tripMs: number,
  answer: (token: string) => CommitReply | Error | null = (token) => replyOf(token),
) {
  const time = new VirtualTime();
  const steps: { readonly at: number; readonly tokens: string[] }[] = [];
  const gathered = new GatheredCommits(async (asked: readonly AskedCommit[]) => {
    steps.push({ at: time.now() / MS, tokens: asked.map(({ token }) => token) });
    await time.sleepUntil(time.now() + tripMs * MS);
    const replies = asked.map(({ token }) => answer(token));
    for (const reply of replies) if (reply instanceof Error) throw reply;
    return replies.includes(null) ? null : (replies as CommitReply[]);
  }, time);
  const one = async (ms: number, i: number) => {
    await time.sleepUntil(ms * MS);
    return gathered.commit({} as Commit, String(i));
  };
  const replies = await time.run(Promise.allSettled(at.map(one)));
  return { steps, replies: replies.map((reply) => (reply.status === "fulfilled" ? reply.value : "failed")) };
}

const replyOf = (token: string): CommitReply => (token === "1" ? "refused" : { next: { idleMs: Number(token) } });

describe("commits of batches that keep no order", () => {
  test("go at once when none is under way, and else together with the next, each with its own answer", async () => {
    const { steps, replies } = await committed([0, 0.1, 0.2, 0.3, 5], 0.5);
    expect(steps).toEqual([
      { at: 0, tokens: ["0"] },
      { at: 0.5, tokens: ["1", "2", "3"] },
      { at: 5, tokens: ["4"] },
    ]);
    expect(replies).toEqual(["0", "1", "2", "3", "4"].map(replyOf));
  });

  test("wait for others no longer than a millisecond, however far the server is", async () => {
    const { steps } = await committed([0, 1, 1.5, 2.5, 2.6], 50);
    expect(steps.map(({ at, tokens }) => [at, tokens])).toEqual([
      [0, ["0"]],
      [2, ["1", "2"]],
      [3.5, ["3", "4"]],
    ]);
  });

  test("of a run that is over, or that an error ended, all hear of it", async () => {
    expect((await committed([0, 0.1, 0.2], 0.5, (token) => (token === "2" ? null : replyOf(token)))).replies).toEqual([
      replyOf("0"),
      null,
      null,
    ]);
    const failing = await committed([0, 0.1, 0.2, 2], 0.5, (token) => (token === "2" ? new Error("no") : replyOf(token)));
    expect(failing.replies).toEqual([replyOf("0"), "failed", "failed", replyOf("3")]);
  });
});
