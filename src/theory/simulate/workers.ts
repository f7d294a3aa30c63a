import type { Nanoseconds } from "../../kernel/clock.ts";
import { LOOK_EVERY, nextLook } from "../../kernel/wakeup.ts";
import { Agenda } from "./agenda.ts";
import { Cores } from "./cores.ts";
import { drop, type FeedConsumer, SimulatedFeed } from "./feed.ts";
import { KeyLanes } from "./key-lanes.ts";
import type { SimulatedLane } from "./lane.ts";
import { Lanes } from "./lanes.ts";
import type { SimulatedMachine } from "./machine.ts";
import type { Measures } from "./measures.ts";
import type { Messages } from "./messages.ts";
import { Shards } from "./shards.ts";
import type { SimulatedSource } from "./source.ts";
import { openShop, type Shop, Thread } from "./thread.ts";
import { Wait } from "./wait.ts";

/** Events: of a thread (its number times 4, and what), of a batch (`WAITED` less its number), and these. */
const PIECE = 0;
const HEARD = 1;
const FEED = -1;
const SENT = -2;
const ROOM = -3;
const LOOK = -4;
const OVER = -5;
const NEWS = -6;
const WAITED = -16;

/** A thread that reads and deals, and threads that work: `parallel`, and `async` with a helper. */
export class Workers implements FeedConsumer {
  private now: Nanoseconds = 0;
  private readonly agenda = new Agenda();
  private readonly queue: Shards;
  private readonly feed: SimulatedFeed;
  private readonly shop: Shop;
  private readonly cores: Cores | null;
  private readonly lanes: Lanes;
  private readonly keyLanes: KeyLanes;
  /** The dealer's wait for the next overdue batch. */
  private readonly news: Wait;
  private feedReady = false;
  private dealReady = false;
  /** When dealer and source are due at one instant, the one whose wait was due first continues first. */
  private dealFirst = false;
  private lookAt: Nanoseconds = Number.NEGATIVE_INFINITY;
  private answered = 0;

  constructor(
    private readonly machine: SimulatedMachine,
    private readonly source: SimulatedSource,
    private readonly messages: Messages,
    private readonly measures: Measures,
    keys: number,
  ) {
    this.queue = new Shards(messages, machine);
    this.feed = new SimulatedFeed(machine, source, this.queue, this, this.agenda, { room: ROOM, sent: SENT });
    this.news = new Wait(this.agenda, NEWS);
    const computes = machine.shares.cpu > 0 || machine.perBatch > 0;
    this.cores = computes && (machine.threads > machine.cores || machine.ration !== null) ? new Cores(machine.cores, machine.ration) : null;
    this.shop = {
      ...openShop(machine, messages, measures, this.agenda, this.cores, keys),
      halted: false,
      pieceEnd: (thread) => thread * 4 + PIECE,
      waitEnd: (batch) => WAITED - batch,
    };
    this.lanes = new Lanes(
      machine,
      this.queue,
      (shard) => new Thread(this.shop, shard),
      (lane) => this.noteDone(lane),
    );
    this.keyLanes = new KeyLanes(keys, machine.threads);
  }

  run(): void {
    this.feedReady = true;
    this.dealReady = true;
    this.settle();
    while (!this.shop.halted) {
      const computed = this.cores?.next ?? Number.POSITIVE_INFINITY;
      const at = Math.min(computed, this.agenda.next);
      if (at === Number.POSITIVE_INFINITY) return;
      if (at > this.now) this.now = at;
      // Whatever ends at one instant has ended before the dealer looks.
      while (this.cores !== null && this.cores.next <= this.now) this.threadEvent(this.lanes.of(this.cores.end(this.now)));
      while (this.agenda.next <= this.now) this.happen(this.agenda.pop());
      this.settle();
    }
    this.endWhatIsAtHand();
  }

  arrived(): void {
    this.dealReady = true;
  }

  dropped(id: number, now: Nanoseconds): void {
    drop(id, now, this.messages, this.measures, this.source);
    if (this.source.closedLoop && this.feed.sent.notify()) this.feedReady = true;
  }

  queued(shard: number): void {
    this.lanes.list(this.lanes.of(shard));
  }

  readonly shardOf = (id: number): number => this.keyLanes.of(this.messages.key[id] as number);

  private happen(event: number): void {
    if (event <= WAITED) {
      const batch = this.shop.batches.of(WAITED - event);
      const lane = this.lanes.of(batch.thread);
      lane.thread.waitEnded(batch.no, this.now);
      this.noteDone(lane);
    } else if (event === FEED) this.feedReady = true;
    else if (event === SENT) this.feedReady = this.feed.sent.alarm(this.now) || this.feedReady;
    else if (event === ROOM) this.feedReady = this.feed.room.alarm(this.now) || this.feedReady;
    else if (event === NEWS) this.dealAfter(this.news.alarm(this.now));
    else if (event === LOOK || event === OVER) this.dealAfter(true);
    else this.laneEvent(this.lanes.of(event >> 2), event & 3);
  }

  private dealAfter(ready: boolean): void {
    if (ready && !this.feedReady && this.source.closedLoop) this.dealFirst = true;
    this.dealReady = ready || this.dealReady;
  }

  private laneEvent(lane: SimulatedLane, what: number): void {
    if (what === PIECE) this.threadEvent(lane);
    else this.heard(lane);
  }

  private threadEvent(lane: SimulatedLane): void {
    lane.thread.pieceEnded(this.now);
    this.noteDone(lane);
  }

  /** Notes the batches that a Worker has just done: at once, or after the time of the handover. */
  private noteDone(lane: SimulatedLane): void {
    for (; lane.announced < lane.thread.batchesDone; lane.announced++) {
      if (this.machine.handover === 0) this.heard(lane);
      else this.agenda.push(this.now + this.machine.handover, lane.shard * 4 + HEARD);
    }
  }

  private heard(lane: SimulatedLane): void {
    lane.heard++;
    if (this.source.closedLoop) this.dealReady = true;
    if (!lane.hasMore && !this.feed.ended) return;
    this.lanes.list(lane);
    if (lane.low(this.feed.ended)) this.dealReady = true;
    else this.look();
  }

  /** Lets source and dealer continue until both wait. */
  private settle(): void {
    while (!this.shop.halted && (this.feedReady || this.dealReady)) {
      if (this.feedReady && !this.dealFirst) this.stepFeed();
      else this.deal();
    }
  }

  private stepFeed(): void {
    const { feed, source } = this;
    const wasEnded = feed.ended;
    const next = feed.step(this.now);
    this.feedReady = false;
    if (next === "turn") {
      this.deal();
      this.feedReady = true;
    } else if (next === "change" && !source.closedLoop) this.agenda.push(source.nextChange, FEED);
    if (feed.ended && !wasEnded) this.feedEnded();
  }

  /** Releases incomplete batches; the run is over `grace` after the last arrival. */
  private feedEnded(): void {
    this.lanes.listAll();
    const over = this.source.expiry(this.now, this.machine.grace);
    if (over < Number.POSITIVE_INFINITY) this.agenda.push(Math.ceil(over / LOOK_EVERY) * LOOK_EVERY, OVER);
  }

  private deal(): void {
    this.dealReady = false;
    this.dealFirst = false;
    if (this.source.expired(this.now, this.machine.grace)) {
      this.shop.halted = true;
      return;
    }
    if (this.source.closedLoop) this.answer();
    const before = this.queue.depth;
    this.lanes.deal(this.now, this.feed.ended);
    if (this.feed.stalled(this.lanes.gathered)) this.lanes.dealAll(this.now);
    if (this.queue.depth < before && this.feed.room.notify()) this.feedReady = true;
    this.news.begin(this.lanes.nextDeadline(this.now));
    if (this.source.closedLoop) this.look();
  }

  /** The dealer polls periodically, whatever comes. */
  private look(): void {
    if (this.lookAt > this.now) return;
    this.lookAt = nextLook(this.now);
    this.agenda.push(this.lookAt, LOOK);
  }

  /** Releases the clients of a closed loop whose messages are done. */
  private answer(): void {
    const { processed } = this.measures;
    this.source.answered(processed - this.answered, this.now);
    if (processed > this.answered && this.feed.sent.notify()) this.feedReady = true;
    this.answered = processed;
  }

  /** Ends the run: ends what holds a thread, and nothing else. */
  private endWhatIsAtHand(): void {
    const { cores, agenda } = this;
    for (;;) {
      const computed = cores?.next ?? Number.POSITIVE_INFINITY;
      if (Math.min(computed, agenda.next) === Number.POSITIVE_INFINITY) return;
      this.now = Math.min(computed, agenda.next);
      if (cores !== null && computed < agenda.next) this.lanes.of(cores.end(this.now)).thread.pieceEnded(this.now);
      else {
        const event = agenda.pop();
        if (event >= 0 && (event & 3) === PIECE) this.lanes.of(event >> 2).thread.pieceEnded(this.now);
      }
    }
  }
}
