import { Stopped } from "../failures.ts";
import { type Follower, follow, type StreamSource } from "./source.ts";

/** How a stream has ended: well, or with an error. */
export interface Ending {
  readonly error?: unknown;
}

/** A stream as those that it shares a trunk with see it. */
export interface Branch<In> {
  /** Takes a value that has come in; false when there is no room for it. */
  take(value: In): boolean;
  /** False while it, or a subscriber for which a source can wait, has no room for another value. */
  isRoomy(): boolean;
  /** Resolves when it may be roomy again. */
  roomy(): Promise<void>;
  /** Nothing more comes. */
  finish(ending: Ending): void;
  /** Resolves when nothing is in it, nor with its subscribers. */
  drained(): Promise<void>;
  /** Abandons what is in it and with its subscribers. */
  abandon(): void;
}

/**
 * What a stream and those that branch off it share: values come in for all of them, and all end together. A source is followed while there
 * is a subscriber, and made to wait where it can.
 */
export class Trunk<In> {
  ended: Ending | null = null;
  /** Those that have subscribers. */
  branches: readonly Branch<In>[] = [];
  private unfollow: (() => void) | null = null;

  constructor(
    private readonly name: string,
    private readonly source: StreamSource<In> | null,
    /** Called when the source fails to let go. */
    private readonly onTrouble: (error: unknown) => void,
  ) {}

  /** A branch has got its first subscriber. */
  join(branch: Branch<In>): void {
    this.branches = [...this.branches, branch];
    if (this.source === null || this.unfollow !== null || this.ended !== null) return;
    // A source may say things, and end, before `follow` returns.
    this.unfollow = () => {};
    const unfollow = follow(this.source, this.follower);
    if (this.branches.length === 0 || this.ended !== null) unfollow();
    else this.unfollow = unfollow;
  }

  /** A branch has lost its last subscriber. */
  leave(branch: Branch<In>): void {
    this.branches = this.branches.filter((other) => other !== branch);
    if (this.branches.length === 0) this.letGo();
  }

  private letGo(): void {
    const { unfollow } = this;
    this.unfollow = null;
    unfollow?.();
  }

  /** Passes a value to all branches. Returns whether the one that it was given to had room. */
  emit(value: In, by: Branch<In>): boolean {
    if (this.ended !== null) throw new Stopped(`${this.name} has ended and takes no more values`);
    const { branches } = this;
    let kept = branches.includes(by) || by.take(value);
    for (const branch of branches) {
      const took = branch.take(value);
      if (branch === by) kept = took;
    }
    return kept;
  }

  end(ending: Ending): void {
    if (this.ended !== null) return;
    this.ended = ending;
    this.letGo();
    for (const branch of this.branches) branch.finish(ending);
  }

  private get isRoomy(): boolean {
    return this.branches.every((branch) => branch.isRoomy());
  }

  private async roomy(): Promise<void> {
    for (const branch of this.branches) if (!branch.isRoomy()) await branch.roomy();
  }

  private get follower(): Follower<In> {
    const trunk = this;
    return {
      get isRoomy() {
        return trunk.isRoomy;
      },
      roomy: () => this.roomy(),
      emit: (value) => {
        for (const branch of this.branches) branch.take(value);
      },
      end: (ending) => this.end(ending),
      failedToLeave: this.onTrouble,
    };
  }
}
