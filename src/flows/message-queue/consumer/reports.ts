import { errorText } from "../../../kernel/error-text.ts";
import { fulfilledValue } from "../../../kernel/promises.ts";
import { turn } from "../../../kernel/timers.ts";
import { type PayloadRule, payloadFor } from "../payload/payload.ts";
import { type LeaseRef, type Note, QueueError } from "../store.ts";
import type { ConsumerListener, ConsumerRule, ConsumerTools } from "./rule.ts";

/** Of the reason why a result is not kept. */
const ANY_SIZE: PayloadRule = { maxMessageBytes: Number.POSITIVE_INFINITY, shares: false };

/** What handlers tell of their messages, for those who wait for them: progress as it comes, and results when they are acknowledged. */
export class Reports {
  /** Progress that is not written yet, by message: the latest of each. */
  private readonly latest = new Map<number, Note>();
  private writing: Promise<void> | null = null;

  constructor(
    private readonly rule: ConsumerRule,
    private readonly token: number,
    private readonly tools: ConsumerTools,
    private readonly listener: ConsumerListener,
  ) {}

  get group(): string {
    return this.rule.group;
  }

  /** Resolves once it is written, or could not be. Throws `QueueError` for what no message can carry, and where nothing is kept. */
  progress({ id, attempt }: LeaseRef, value: unknown): Promise<void> {
    if (this.rule.resultMs === null) throw new QueueError("invalid", "progress: needs the queue's option resultMs");
    this.latest.set(id, { id, attempt, about: "progress", value: this.payload(value) });
    this.writing ??= turn(this.tools.timers).then(() => this.write());
    return this.writing;
  }

  /** The note on what a handler returned, or a promise fulfilled already, or on why no message can carry it; null: results are not kept. */
  result(ref: LeaseRef, returned: unknown): Note | null {
    if (this.rule.resultMs === null) return null;
    const { id, attempt } = ref;
    try {
      return { id, attempt, about: "result", value: this.payload(fulfilledValue(returned)) };
    } catch (error) {
      this.tools.failures.report(`${this.rule.name}, result`, undefined, error);
      return { id, attempt, about: "refusal", value: payloadFor(this.tools.store, errorText(error), ANY_SIZE) };
    }
  }

  private payload(value: unknown): unknown {
    return payloadFor(this.tools.store, value, this.rule);
  }

  /** Writes results of messages that are about to be acknowledged, and the progress that is still to be written: later it would be too late. */
  async keepResults(results: readonly Note[]): Promise<void> {
    await this.keep([...this.takeLatest(), ...results]);
  }

  private takeLatest(): Note[] {
    const notes = [...this.latest.values()];
    this.latest.clear();
    return notes;
  }

  /** Writes notes; they count for messages that are still leased. */
  private async keep(notes: readonly Note[]): Promise<void> {
    const now = this.tools.clock.now();
    await this.tools.store.note?.(this.rule.group, this.token, notes, now + (this.rule.resultMs ?? 0), now);
  }

  private async write(): Promise<void> {
    this.writing = null;
    const notes = this.takeLatest();
    if (notes.length === 0) return;
    try {
      await this.keep(notes);
      this.listener.told(notes);
    } catch (error) {
      this.listener.trouble(error);
      this.tools.failures.report(`${this.rule.name}, progress`, undefined, error);
    }
  }
}
