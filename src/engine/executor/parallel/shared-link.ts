import { type Bell, ring, rings } from "../../../kernel/bell.ts";
import { RingReader, RingWriter, ringMemory } from "../../../kernel/frame-ring.ts";
import { RECORDER_BYTES, Recorder } from "../../../telemetry/recorder.ts";
import { AnswerReader, AnswerWriter } from "./answer-ring.ts";
import { type Assignment, type OnAnswer, PHASE, type SourceLink, type SpawnWorker, type WorkerLink, type WorkerReply } from "./link.ts";

/** A link over shared memory: rings of frames, requests and answers, counters in a control block, and a bell at either end. */

/** Indices in the control block, in 32-bit integers. */
const CONTROL = {
  /** The Worker's bell takes two entries. */
  bell: 0,
  batchesDone: 2,
  /** The source's thread is woken when `batchesDone` reaches this number. */
  wanted: 3,
  phase: 4,
  /** Turns of the Worker's loop. */
  alive: 5,
  /** 1: the ring had no room for the next frame, and the source's thread waits for it. */
  crowded: 6,
  /** A float64, in two entries. */
  origin: 8,
  size: 16,
} as const;

const QUESTION_WORDS = 1 << 14;
const ANSWER_WORDS = 1 << 14;

/** The memory shared by both ends of a session. */
export interface LinkMemory {
  readonly frames: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
  readonly recorder: SharedArrayBuffer;
  /** Pairs (id, key). */
  readonly questions: SharedArrayBuffer;
  readonly answers: SharedArrayBuffer;
  /** Wakes the source's thread. */
  readonly sourceBell: SharedArrayBuffer;
}

/** The message that begins a session on a thread. */
export interface BeginMessage {
  readonly assignment: Assignment;
  readonly memory: LinkMemory;
}

/** A thread that serves sessions. */
export interface ThreadHandle {
  postMessage(message: BeginMessage): void;
  terminate(): Promise<unknown>;
}

/** Starts a thread; the parameters are those of `SpawnWorker`. */
export type StartThread = (hear: (reply: WorkerReply) => void, lose: (how: string) => void) => ThreadHandle;

/** Starts Workers reached over shared memory. `sourceBell`: the bell of the source's thread. */
export function sharedWorkers(sourceBell: Bell, start: StartThread): SpawnWorker {
  return (hear, lose) => {
    const thread = start(hear, lose);
    return {
      open(assignment, bufferWords) {
        const link = new SharedWorkerLink(bufferWords, assignment.warmup, sourceBell);
        thread.postMessage({ assignment, memory: link.memory });
        return link;
      },
      terminate: () => thread.terminate(),
    };
  };
}

function controlMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(CONTROL.size * 4);
}

/** The instant t = 0 in a control block. */
function originIn(control: SharedArrayBuffer): Float64Array {
  return new Float64Array(control, CONTROL.origin * 4, 1);
}

/** The bell that ends a Worker's sleep. */
export function workerBell({ control }: Pick<LinkMemory, "control">): Bell {
  return new Int32Array(control, CONTROL.bell * 4, 2);
}

class SharedWorkerLink implements WorkerLink {
  readonly memory: LinkMemory;
  readonly frames: RingWriter;
  readonly recorder: Recorder;
  private readonly control: Int32Array;
  private readonly bell: Bell;
  private readonly questions: RingWriter;
  private readonly answers: AnswerReader;

  constructor(ringWords: number, warmup: number, sourceBell: Bell) {
    this.memory = {
      frames: ringMemory(ringWords),
      control: controlMemory(),
      recorder: new SharedArrayBuffer(RECORDER_BYTES),
      questions: ringMemory(QUESTION_WORDS),
      answers: ringMemory(ANSWER_WORDS),
      sourceBell: sourceBell.buffer as SharedArrayBuffer,
    };
    this.frames = new RingWriter(this.memory.frames);
    this.recorder = new Recorder(this.memory.recorder, warmup);
    this.control = new Int32Array(this.memory.control);
    this.bell = workerBell(this.memory);
    this.questions = new RingWriter(this.memory.questions);
    this.answers = new AnswerReader(this.memory.answers);
  }

  flush(): void {
    ring(this.bell);
  }

  get batchesDone(): number {
    return Atomics.load(this.control, CONTROL.batchesDone);
  }

  get alive(): number {
    return Atomics.load(this.control, CONTROL.alive);
  }

  wakeAt(batches: number): boolean {
    Atomics.store(this.control, CONTROL.wanted, batches);
    return this.batchesDone < batches;
  }

  wakeAtRoom(): void {
    Atomics.store(this.control, CONTROL.crowded, 1);
  }

  get crowded(): boolean {
    return Atomics.load(this.control, CONTROL.crowded) === 1;
  }

  ask(id: number, key: number): boolean {
    if (this.questions.open(2) === 0) return false;
    this.questions.words.pair(id, key);
    this.questions.publish(1, 0);
    this.flush();
    return true;
  }

  readAnswers(hear: OnAnswer): boolean {
    return this.answers.read(hear);
  }

  start(origin: number): void {
    originIn(this.memory.control)[0] = origin;
    this.enter(PHASE.running);
  }

  end(halting: boolean): void {
    this.enter(halting ? PHASE.halting : PHASE.ending);
  }

  private enter(phase: number): void {
    Atomics.store(this.control, CONTROL.phase, phase);
    this.flush();
  }
}

export class SharedSourceLink implements SourceLink {
  readonly frames: RingReader;
  readonly recorder: Recorder;
  private readonly control: Int32Array;
  private readonly bell: Bell;
  private readonly sourceBell: Bell;
  private readonly questions: RingReader;
  private readonly answers: AnswerWriter;

  constructor(
    private readonly memory: LinkMemory,
    warmup: number,
    private readonly post: (message: WorkerReply) => void,
  ) {
    this.frames = new RingReader(memory.frames);
    this.recorder = new Recorder(memory.recorder, warmup);
    this.control = new Int32Array(memory.control);
    this.bell = workerBell(memory);
    this.sourceBell = new Int32Array(memory.sourceBell);
    this.questions = new RingReader(memory.questions);
    this.answers = new AnswerWriter(memory.answers);
  }

  get phase(): number {
    return Atomics.load(this.control, CONTROL.phase);
  }

  get origin(): number {
    return originIn(this.memory.control)[0] ?? 0;
  }

  get calls(): number {
    return rings(this.bell);
  }

  get asked(): boolean {
    return !this.questions.empty;
  }

  readQuestions(hear: (id: number, key: number) => void): void {
    const { words } = this.questions;
    while (this.questions.open()) {
      const id = words.low();
      const key = words.high;
      this.questions.close();
      hear(id, key);
    }
  }

  answer(id: number, json: string | null): void {
    if (this.answers.write(id, json)) ring(this.sourceBell);
    else this.reply({ type: "answer", id, json });
  }

  turned(): void {
    Atomics.add(this.control, CONTROL.alive, 1);
  }

  batchDone(): void {
    const done = Atomics.add(this.control, CONTROL.batchesDone, 1) + 1;
    if (done === Atomics.load(this.control, CONTROL.wanted)) ring(this.sourceBell);
  }

  roomMade(): void {
    if (Atomics.load(this.control, CONTROL.crowded) !== 1) return;
    Atomics.store(this.control, CONTROL.crowded, 0);
    ring(this.sourceBell);
  }

  reply(message: WorkerReply): void {
    this.post(message);
    ring(this.sourceBell);
  }
}
