import { attempt } from "../../kernel/promises.ts";
import type { SteadyClock } from "../../kernel/timers.ts";
import type { PartStats } from "../part.ts";
import type { GroupState, QueueStore } from "./store.ts";

/** A group in the statistics of its queue. */
export interface GroupStats extends PartStats {
  readonly name: string;
  readonly ready: number;
  /** Delayed, or waiting for their next attempt. */
  readonly delayed: number;
  readonly leased: number;
  /** Waiting behind an earlier one of their key. */
  readonly behind: number;
  readonly dead: number;
  /** How long the message has waited that has been ready for longest, in milliseconds; null: none is ready. */
  readonly oldestMs: number | null;
  readonly paused: boolean;
}

/** A look at the store may take this share of the time, at most: counting a long queue takes a while. */
const SHARE = 0.05;

interface Look {
  readonly state: GroupState;
  /** When the store is looked at again. */
  readonly until: number;
}

/** The state of a queue's groups, looked at when statistics are asked for. */
export class GroupFigures {
  private readonly looks = new Map<string, Look>();
  private readonly pending = new Set<string>();

  constructor(
    private readonly store: QueueStore,
    private readonly clock: SteadyClock,
  ) {}

  /** The state now, or as it was when it could last be told. */
  of(name: string): GroupStats {
    const now = this.clock.now();
    const before = this.looks.get(name);
    if (before === undefined || now >= before.until)
      attempt(
        () => this.look(name, now),
        () => {},
      );
    const { oldestSentAt, ...state } = this.looks.get(name)?.state ?? NOTHING;
    return { name, ...state, oldestMs: oldestSentAt === null ? null : Math.max(0, now - oldestSentAt) };
  }

  private look(name: string, from: number): unknown {
    if (this.pending.has(name)) return undefined;
    const keep = (state: GroupState) => {
      const now = this.clock.now();
      this.looks.set(name, { state, until: now + (now - from) / SHARE });
    };
    const answer = this.store.survey(name);
    if (!(answer instanceof Promise)) return keep(answer);
    this.pending.add(name);
    return answer.then(keep).finally(() => this.pending.delete(name));
  }
}

const NOTHING: GroupState = { ready: 0, delayed: 0, leased: 0, behind: 0, dead: 0, oldestSentAt: null, paused: false };
