import type { Nanoseconds } from "../../kernel/clock.ts";
import type { Time } from "../../kernel/time.ts";
import type { AskedCommit, Commit, CommitReply } from "../executor/distributed/streams.ts";

/** Longest that a commit waits for others to go with. */
const GATHERED: Nanoseconds = 1e6;

/** null: the run is over before. */
type Reply = CommitReply | null;

interface Waiting extends AskedCommit {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
}

/** Commits of one slot whose batches keep no order: those that come while another is under way go together, in one step. */
export class GatheredCommits {
  private waiting: Waiting[] = [];
  private underWay = 0;

  /** `send`: makes commits, and repeats them until the server answers; null: the run is over before. */
  constructor(
    private readonly send: (asked: readonly AskedCommit[]) => Promise<readonly CommitReply[] | null>,
    private readonly time: Pick<Time, "now" | "sleepAbout">,
  ) {}

  commit(commit: Commit, token: string): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ commit, token, resolve, reject });
      if (this.underWay === 0) void this.flush();
      else if (this.waiting.length === 1) void this.flushLater(this.waiting);
    });
  }

  private async flushLater(gathered: readonly Waiting[]): Promise<void> {
    await this.time.sleepAbout(this.time.now() + GATHERED);
    if (this.waiting === gathered) void this.flush();
  }

  private async flush(): Promise<void> {
    const asked = this.waiting;
    this.waiting = [];
    this.underWay++;
    try {
      const replies = await this.send(asked);
      for (const [i, { resolve }] of asked.entries()) resolve(replies?.[i] ?? null);
    } catch (error) {
      for (const { reject } of asked) reject(error);
    } finally {
      this.underWay--;
      if (this.underWay === 0 && this.waiting.length > 0) void this.flush();
    }
  }
}
