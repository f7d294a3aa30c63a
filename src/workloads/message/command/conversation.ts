import { IdTable } from "../../../kernel/id-table.ts";
import type { Outcome } from "../../workload.ts";
import type { Message } from "../handler.ts";
import { type State, stateJson } from "../state.ts";
import { type ProgramAnswer, parseLine } from "./answers.ts";

/** A message that a program holds, or that waits for one. */
export interface Held {
  readonly state: State;
  readonly message: Message;
  /** Called once: null when it is done, else why it has failed. */
  readonly ended: (outcome: Outcome) => void;
}

/**
 * The exchange with one running program: messages go out as lines, answers come back in any order. Pure: instants are parameters, in
 * milliseconds of any monotonic clock.
 */
export class Conversation {
  /** True once the program has said that it is ready. */
  ready = false;
  /** True when it answers several messages with one line. */
  batch = false;
  private held = new IdTable<Held>();
  private lines = 0;
  private lastId: number;
  /** The last sign of life that counts: an answer, or the first message after none was held. */
  private heardAt = 0;

  constructor(
    private readonly write: (line: string) => void,
    /** Messages are sent with their machine's state. */
    private readonly withState: boolean,
    /** Messages sent to earlier starts of the program: ids are never used twice. */
    private readonly sentBefore = 0,
  ) {
    this.lastId = sentBefore;
  }

  /** Messages sent so far, to earlier starts too. */
  get sent(): number {
    return this.lastId;
  }

  /** True while the program holds messages. */
  get holds(): boolean {
    return this.held.size > 0;
  }

  send(one: Held, now: number): void {
    const id = ++this.lastId;
    if (!this.holds) this.heardAt = now;
    this.held.set(id, one);
    this.write(lineOf(id, one, this.withState));
  }

  /** Takes in a line of the program. Returns null, or what the program did wrong: nothing that it writes counts any more. */
  hear(text: string, now: number): string | null {
    const line = parseLine(text);
    if (line.kind === "fault") return line.what;
    this.lines++;
    if (line.kind === "ready") {
      if (this.lines > 1) return "said that it is ready, but not in its first line";
      this.ready = true;
      this.batch = line.batch;
      return null;
    }
    if (line.answers.length > 1 && !this.batch)
      return 'answered several messages with one line, but did not say {"ready":true,"batch":true}';
    this.heardAt = now;
    for (const answer of line.answers) {
      const wrong = this.take(answer);
      if (wrong !== null) return wrong;
    }
    return null;
  }

  /** True when messages are held and nothing was answered for `limit` milliseconds. */
  isSilent(now: number, limit: number): boolean {
    return this.holds && now - this.heardAt > limit;
  }

  /** Fails all messages that the program holds. */
  failAll(why: string): void {
    const all = [...this.held.values()];
    this.held = new IdTable();
    for (const { ended } of all) ended(why);
  }

  private take({ id, error, set }: ProgramAnswer): string | null {
    const one = this.held.get(id);
    if (one === undefined) {
      return id > this.sentBefore && id <= this.lastId ? `answered message ${id} twice` : `answered message ${id}, which it was never sent`;
    }
    this.held.delete(id);
    if (error === null) for (const key in set) one.state.set(key, set[key]);
    one.ended(error);
    return null;
  }
}

function lineOf(id: number, { state, message }: Held, withState: boolean): string {
  const { worker_id, payload, timestamp } = message;
  const before = withState ? `,"state":${stateJson(state)}` : "";
  return `{"id":${id},"worker_id":${JSON.stringify(worker_id)},"payload":${JSON.stringify(payload)},"timestamp":${timestamp}${before}}\n`;
}
