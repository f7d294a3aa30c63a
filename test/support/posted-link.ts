import type {
  Assignment,
  FrameReader,
  OnAnswer,
  SourceLink,
  SpawnWorker,
  WorkerLink,
  WorkerReply,
} from "../../src/engine/executor/parallel/link.ts";
import { PHASE } from "../../src/engine/executor/parallel/link.ts";
import { type Bell, ring } from "../../src/kernel/bell.ts";
import type { Nanoseconds } from "../../src/kernel/clock.ts";
import { Deque } from "../../src/kernel/deque.ts";
import type { VirtualTime } from "../../src/kernel/virtual-time.ts";
import { WordReader, WordWriter } from "../../src/kernel/word-buffer.ts";
import { Recorder } from "../../src/telemetry/recorder.ts";
import { type Life, newBell, serveVirtually, VirtualCores } from "./virtual-workers.ts";

/** Most questions without an answer. */
const MOST_QUESTIONS = 1000;

type ToWorker =
  | { readonly type: "frame"; readonly bytes: Uint8Array; readonly items: number; readonly flags: number }
  | { readonly type: "question"; readonly id: number; readonly key: number }
  | { readonly type: "phase"; readonly phase: number; readonly origin: Nanoseconds };

type ToSource =
  | { readonly type: "turned" }
  | { readonly type: "read"; readonly words: number }
  | { readonly type: "batches"; readonly done: number; readonly figures: Uint8Array }
  | { readonly type: "answer"; readonly id: number; readonly json: string | null }
  | { readonly type: "reply"; readonly reply: WorkerReply; readonly figures: Uint8Array };

/** One direction of a stream: copies arrive in order, each a while after it was sent. */
class Stream<Message> {
  private readonly sent = new Deque<Message>();
  receive: (message: Message) => void = () => {};

  constructor(
    private readonly time: VirtualTime,
    private readonly delay: Nanoseconds,
  ) {}

  send(message: Message): void {
    this.sent.push(structuredClone(message));
    void this.time.sleepUntil(this.time.now() + this.delay).then(() => this.receive(this.sent.shift() as Message));
  }
}

/**
 * Virtual Workers that are reached by messages alone, as over a socket: neither end sees memory of the other, and whatever one
 * says reaches the other `delay` later.
 */
export function postedWorkers(time: VirtualTime, cores: number, sourceBell: Bell = newBell(), delay: Nanoseconds = 30_000): SpawnWorker {
  const shared = new VirtualCores(time, cores);
  return (hear, lose) => {
    const life: Life = { over: false };
    return {
      open(assignment, bufferWords) {
        const there = new Stream<ToWorker>(time, delay);
        const back = new Stream<ToSource>(time, delay);
        const tell = (reply: WorkerReply) => !life.over && hear(reply);
        const link = new PostedWorkerLink(there, back, bufferWords, assignment.warmup, sourceBell, tell);
        const end = new PostedSourceLink(there, back, assignment);
        serveVirtually(assignment, end, time, shared, life).catch((error: unknown) => tell({ type: "broken", reason: String(error) }));
        return link;
      },
      terminate: async () => {
        if (!life.over) lose("ended by itself with code 0");
        life.over = true;
      },
    };
  };
}

class PostedWorkerLink implements WorkerLink {
  readonly frames;
  readonly recorder: Recorder;
  batchesDone = 0;
  alive = 0;
  crowded = false;
  private wanted = Number.POSITIVE_INFINITY;
  private open = 0;
  private readonly answers: [number, string | null][] = [];

  constructor(
    private readonly there: Stream<ToWorker>,
    back: Stream<ToSource>,
    bufferWords: number,
    warmup: Nanoseconds,
    private readonly sourceBell: Bell,
    private readonly tell: (reply: WorkerReply) => void,
  ) {
    this.recorder = new Recorder(undefined, warmup);
    this.frames = new PostedFrames(there, bufferWords);
    back.receive = (message) => this.receive(message);
  }

  /** Frames leave when they are published. */
  flush(): void {}

  wakeAt(batches: number): boolean {
    this.wanted = batches;
    return this.batchesDone < batches;
  }

  wakeAtRoom(): void {
    this.crowded = true;
  }

  ask(id: number, key: number): boolean {
    if (this.open === MOST_QUESTIONS) return false;
    this.open++;
    this.there.send({ type: "question", id, key });
    return true;
  }

  readAnswers(hear: OnAnswer): boolean {
    const answers = this.answers.splice(0);
    for (const [id, json] of answers) hear(id, json);
    return answers.length > 0;
  }

  start(origin: Nanoseconds): void {
    this.there.send({ type: "phase", phase: PHASE.running, origin });
  }

  end(halting: boolean): void {
    this.there.send({ type: "phase", phase: halting ? PHASE.halting : PHASE.ending, origin: 0 });
  }

  private receive(message: ToSource): void {
    switch (message.type) {
      case "turned":
        this.alive++;
        return;
      case "read":
        this.frames.underWay -= message.words;
        if (this.crowded) ring(this.sourceBell);
        this.crowded = false;
        return;
      case "batches":
        this.batchesDone = message.done;
        copyInto(this.recorder, message.figures);
        if (message.done === this.wanted) ring(this.sourceBell);
        return;
      case "answer":
        this.open--;
        this.answers.push([message.id, message.json]);
        ring(this.sourceBell);
        return;
      case "reply":
        copyInto(this.recorder, message.figures);
        this.tell(message.reply);
        ring(this.sourceBell);
        return;
      default:
        message satisfies never;
    }
  }
}

/** Frames in memory of their own, limited by what the Worker has not read yet. */
class PostedFrames {
  readonly words: WordWriter;
  readonly largestFrame: number;
  /** Words that were sent and not read. */
  underWay = 0;

  constructor(
    private readonly there: Stream<ToWorker>,
    private readonly capacity: number,
  ) {
    this.words = new WordWriter(new ArrayBuffer(capacity * 8));
    this.largestFrame = (capacity >>> 1) - 2;
  }

  open(words: number): number {
    const room = this.capacity - this.underWay;
    if (room < words) return 0;
    this.words.at = 0;
    return room;
  }

  publish(items: number, flags: number): void {
    this.underWay += this.words.at;
    this.there.send({ type: "frame", bytes: this.words.written, items, flags });
  }
}

class PostedSourceLink implements SourceLink {
  readonly frames: PostedFrameReader;
  readonly recorder: Recorder;
  phase: number = PHASE.waiting;
  origin = 0;
  calls = 0;
  private done = 0;
  private readonly questions: [number, number][] = [];

  constructor(
    there: Stream<ToWorker>,
    private readonly back: Stream<ToSource>,
    { warmup }: Assignment,
  ) {
    this.recorder = new Recorder(undefined, warmup);
    this.frames = new PostedFrameReader();
    there.receive = (message) => this.receive(message);
  }

  private receive(message: ToWorker): void {
    this.calls++;
    if (message.type === "frame") this.frames.waiting.push(message);
    else if (message.type === "question") this.questions.push([message.id, message.key]);
    else {
      this.phase = message.phase;
      if (message.phase === PHASE.running) this.origin = message.origin;
    }
  }

  get asked(): boolean {
    return this.questions.length > 0;
  }

  readQuestions(hear: (id: number, key: number) => void): void {
    for (const [id, key] of this.questions.splice(0)) hear(id, key);
  }

  answer(id: number, json: string | null): void {
    this.back.send({ type: "answer", id, json });
  }

  turned(): void {
    this.back.send({ type: "turned" });
  }

  batchDone(): void {
    this.back.send({ type: "batches", done: ++this.done, figures: figuresOf(this.recorder) });
  }

  roomMade(): void {
    this.back.send({ type: "read", words: this.frames.words.size });
  }

  reply(reply: WorkerReply): void {
    this.back.send({ type: "reply", reply, figures: figuresOf(this.recorder) });
  }
}

class PostedFrameReader implements FrameReader {
  readonly waiting = new Deque<Extract<ToWorker, { type: "frame" }>>();
  words = new WordReader(new ArrayBuffer(0));
  items = 0;
  flags = 0;

  get empty(): boolean {
    return this.waiting.peek() === undefined;
  }

  open(): boolean {
    const frame = this.waiting.shift();
    if (frame === undefined) return false;
    this.words = new WordReader(frame.bytes.buffer, frame.bytes.byteOffset, frame.bytes.byteLength);
    this.items = frame.items;
    this.flags = frame.flags;
    return true;
  }

  close(): void {}
}

function figuresOf({ memory }: Recorder): Uint8Array {
  return new Uint8Array(memory).slice();
}

function copyInto({ memory }: Recorder, figures: Uint8Array): void {
  new Uint8Array(memory).set(figures);
}
