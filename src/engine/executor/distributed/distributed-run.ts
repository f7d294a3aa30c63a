import { type Nanoseconds, threadCpuTimer } from "../../../kernel/clock.ts";
import { errorText } from "../../../kernel/error-text.ts";
import type { RedisReply } from "../../../kernel/redis/port.ts";
import type { DistributedSample } from "../../../telemetry/distributed-figures.ts";
import { keepAnswering, settleQueries } from "../../queries/answering.ts";
import type { StateReader } from "../../queries/dispatcher.ts";
import { type Execution, type Job, keepSampling, unfinished } from "../executor.ts";
import { Feed } from "../feed.ts";
import type { Offset } from "./clock-comparison.ts";
import type { DistributedRule } from "./executor.ts";
import { machineName } from "./hosts.ts";
import { RedisSilence, SILENCE_LOOK } from "./redis-silence.ts";
import { ResultReader } from "./result-reader.ts";
import { runNotes } from "./run-notes.ts";
import { type RunSession, serverCpuMs, startTogether } from "./session.ts";
import { StreamQueue } from "./stream-queue.ts";
import { StreamSender } from "./stream-sender.ts";

const GONE = "Redis does not answer any more, and what was held is unfinished";
/** Nanoseconds between two looks at the workers' signs of life, and between two prolongations of the keys' life. */
const LOOK_EVERY: Nanoseconds = 500e6;
const KEEP_EVERY: Nanoseconds = 20e9;
/** A server that writes what it does to a file once a second may lose two seconds of it; and a reserve. */
const KEPT: Nanoseconds = 4e9;
/** Wait between two looks at whether the streams are empty, and beyond the last item for reports, in milliseconds. */
const EMPTY_MS = 20;
const REPORT_MS = 3000;

/** One job on the workers of a session. */
export class DistributedRun {
  private readonly feed: Feed<StreamQueue>;
  private readonly queue: StreamQueue;
  private readonly sender: StreamSender;
  private readonly results: ResultReader;
  private readonly silence = new RedisSilence();
  private done = false;
  /** What the clock of Redis showed at t = 0. */
  private aheadAtStart: Nanoseconds = 0;

  constructor(
    private readonly job: Job,
    private readonly rule: DistributedRule,
    private readonly session: RunSession,
  ) {
    const { intake, settings } = job;
    const { streams, redis, reading, hosts } = session;
    if (intake.toJson === undefined) throw new Error("items of this workload cannot leave their process");
    const toJson = intake.toJson.bind(intake);
    this.queue = new StreamQueue({
      capacity: settings.capacity,
      overflow: settings.overflow,
      partitions: rule.partitions,
      keptFor: session.persistent ? KEPT : 0,
      partitionOf: ({ key }) => intake.shardOf(key, rule.partitions),
      lineOf: (item, number) => `${number},${item.key},${Math.round(item.due)},${toJson(item)}`,
    });
    this.feed = new Feed(job, this.queue);
    const news = () => void this.feed.arrived.notify();
    const held = () => hosts.slots * (settings.concurrency + 1) * rule.batch;
    this.sender = new StreamSender(job, this.queue, streams, redis, session.process, held, news);
    this.results = new ResultReader(
      job,
      this.queue,
      { send: (command, args) => reading.send(command, args).then((reply) => this.heard(reply)) },
      `${streams.prefix}results`,
      ({ host }, items) => {
        const from = hosts.get(host);
        if (from !== undefined) from.processed += items;
      },
      () => {
        this.feed.freed();
        news();
      },
      (error) => this.sender.broken(error),
    );
  }

  async execute(): Promise<Execution> {
    const { source, recorder, sampler, time, lifecycle, settings } = this.job;
    const { hosts } = this.session;
    sampler.observe([recorder], {
      waiting: (now) => this.queue.areaUntil(now),
      begun: (now) => this.queue.removed.until(now),
      highWater: () => this.queue.highWater,
      blocked: () => source.blocked.total,
    });
    this.job.tell((t) => ({ distributed: this.sample(t) }));
    const { before } = this.session.compared;
    const serverBefore = await serverCpuMs(this.session.redis).catch(() => null);
    await startTogether(this.session, before);
    const origin = this.job.begin();
    hosts.begin();
    this.aheadAtStart = origin + this.session.clock.anchor + before.offset;
    this.results.shift = this.aheadAtStart;
    const cpu = threadCpuTimer();
    void keepSampling(this.job, () => this.done);
    void this.feed.observeAfterWarmup();
    void keepAnswering(this.job, this.states, () => this.done);
    void this.watch();
    this.silence.begin(this.job.time.now());
    void this.results.run().finally(() => this.silence.end());
    void this.watchSilence();
    const feeding = this.feed.run(() => 0);
    const drained = await this.drainAll();
    await settleQueries(this.job, this.states);
    const halting = lifecycle.expired(time.now()) && this.queue.depth > 0;
    const answering = await this.closeStreams();
    const figures = this.feed.figures(time.now());
    const endedAt = await this.feed.settle(feeding, time.now());
    this.done = true;
    await this.job.settle();
    sampler.finish(endedAt);
    const cpuTime = cpu();
    const ended = { endedAt, figures, cpu: cpuTime };
    // Each question to a server that is gone would take as long as it is waited for.
    if (!answering) return this.execution({ ...ended, state: this.noStates(GONE), after: null, serverMs: null });
    const serverAfter = await serverCpuMs(this.session.redis).catch(() => null);
    // A server that was restarted counts from zero.
    const serverMs = serverBefore === null || serverAfter === null || this.sender.restarts > 0 ? null : serverAfter - serverBefore;
    await hosts.end(halting).catch(() => {});
    await hosts.reports(REPORT_MS + settings.lastItem / 1e6).catch(() => {});
    const after = await this.session.compared.end().catch(() => null);
    const state = drained ?? (await this.finalStates());
    return this.execution({ ...ended, state, after, serverMs });
  }

  /** Has all committed, and returns the states that this left; null: the run is over before. What a restart meanwhile loses is done again. */
  private async drainAll(): Promise<Execution["state"] | null> {
    const { time, lifecycle } = this.job;
    while (!lifecycle.expired(time.now())) {
      await this.drain();
      if (lifecycle.expired(time.now())) break;
      try {
        const state = await this.readStates();
        if (await this.sender.isSameServer()) return state;
      } catch (error) {
        this.sender.broken(error);
      }
    }
    return null;
  }

  /** Sends what waits, until all is committed or the run is over. */
  private async drain(): Promise<void> {
    const { time, lifecycle } = this.job;
    for (;;) {
      const now = time.now();
      if (lifecycle.expired(now)) return;
      this.sender.pump();
      if (this.feed.ended && this.queue.depth === 0) {
        if ((await this.sender.isSameServer()) && (this.sender.restarts === 0 || (await this.areStreamsEmpty()))) return;
        await time.sleepAbout(now + EMPTY_MS * 1e6);
        continue;
      }
      await this.feed.arrived.wait(this.sender.dueAt);
    }
  }

  /** A server that lost its last second has items in it that were done before. */
  private async areStreamsEmpty(): Promise<boolean> {
    const { streams, redis } = this.session;
    try {
      const lengths = Array.from({ length: this.rule.partitions }, (_, p) => redis.send("XLEN", [`${streams.prefix}items:${p}`]));
      return (await Promise.all(lengths)).every((length) => length === 0);
    } catch (error) {
      this.sender.broken(error);
      return false;
    }
  }

  /** Nothing is committed from here on; what was before is recorded. False when the server does not answer. */
  private async closeStreams(): Promise<boolean> {
    const last = await this.session.streams.close().catch(() => null);
    await this.results.end(last);
    return last !== null;
  }

  /** Looks at the workers and the clocks, and keeps the run's keys alive, until the end. */
  private async watch(): Promise<void> {
    const { time } = this.job;
    const { hosts, streams, compared } = this.session;
    let keepAt = time.now() + KEEP_EVERY;
    while (!this.done) {
      await time.sleepAbout(time.now() + LOOK_EVERY);
      if (this.done) return;
      const now = time.now();
      try {
        await hosts.look();
        for (const { id, silent } of hosts.all) if (silent) this.job.committed?.lost(id);
        if (hosts.failure !== null) this.job.lifecycle.fail(now, unfinished(hosts.failure));
        await compared.follow();
        this.results.shift = this.aheadAtStart + compared.drift;
        if (now < keepAt) continue;
        keepAt = now + KEEP_EVERY;
        await streams.keep(hosts.keys);
      } catch (error) {
        if (!this.done) this.sender.broken(error);
      }
    }
  }

  /** The server has answered. */
  private heard(reply: RedisReply): RedisReply {
    this.silence.answered(this.job.time.now());
    return reply;
  }

  private async watchSilence(): Promise<void> {
    const { time } = this.job;
    while (!this.silence.ended) {
      await time.sleepAbout(time.now() + SILENCE_LOOK);
      this.silence.look(time.now());
    }
  }

  private async readStates(): Promise<Execution["state"]> {
    const { streams } = this.session;
    const partitions = Array.from({ length: this.rule.partitions }, (_, p) => streams.allStates(p));
    return [{ entries: (await Promise.all(partitions)).flatMap((states) => states.map(([key, json]) => ({ key, json }))) }];
  }

  /** The states that a run left which is over before all was committed. */
  private async finalStates(): Promise<Execution["state"]> {
    try {
      return await this.readStates();
    } catch (error) {
      return this.noStates(errorText(error));
    }
  }

  private noStates(why: string): Execution["state"] {
    this.job.lifecycle.reason ??= `The states could not be read: ${why}.`;
    return [{ entries: [] }];
  }

  private readonly states: StateReader = {
    state: async (key) => {
      const { intake } = this.job;
      const [json = null] = await this.session.streams.states(intake.shardOf(key, this.rule.partitions), [intake.nameOf(key)]);
      return { json, age: 0 };
    },
    list: async () => {
      const { streams } = this.session;
      const names = await Promise.all(Array.from({ length: this.rule.partitions }, (_, p) => streams.machineNames(p)));
      return { json: JSON.stringify(names.flat()), age: 0 };
    },
  };

  private sample(t: number): DistributedSample {
    const { claims, redeliveries } = this.results.counts;
    const earlier = this.results.late.next(t);
    const [silentMs, hosts] = [this.silence.current / 1e6, this.session.hosts.all.map(({ sample }) => sample)];
    const sample = { inStreams: this.queue.inStreams, claims, redeliveries, silentMs, hosts };
    return earlier.length === 0 ? sample : { ...sample, earlier };
  }

  private execution(end: Ended): Execution {
    const { recorder } = this.job;
    const { hosts } = this.session;
    const { commits, claims, redeliveries } = this.results.counts;
    const { compared, base } = this.session;
    const startMs = base * 1000 + this.aheadAtStart / 1e6;
    const own = { before: compared.before, after: end.after, error: compared.error, startMs };
    const machine = machineName();
    // Computing is calibrated for this machine alone.
    const reports = hosts.all.flatMap(({ report, beat }) =>
      (report?.slots ?? []).map((slot, i) => ({ slot, name: `${beat.name}/${i}`, here: beat.machine === machine })),
    );
    const slots = reports.map(({ slot }) => slot);
    for (const { strays } of slots) for (let i = 0; i < strays; i++) recorder.stray();
    const figures = hosts.all.filter(({ ready }) => ready).map((host) => host.figures(own));
    return {
      endedAt: end.endedAt,
      recorders: [recorder],
      state: end.state,
      reports: slots.map(({ report }) => report),
      failures: [...this.results.failures.counts, ...slots.flatMap(({ failures }) => failures)],
      queue: end.figures,
      lost: 0,
      threads: [
        { name: "main", cpu: end.cpu },
        ...reports.map(({ name, slot, here }) => ({ name, cpu: slot.cpu, work: here ? slot.work : null })),
      ],
      hosts: figures,
      distributed: {
        server: this.session.product,
        partitions: this.rule.partitions,
        commits,
        refused: slots.reduce((sum, { refused }) => sum + refused, 0),
        claims,
        redeliveries,
        resent: this.sender.resent,
        serverUse: end.serverMs === null ? null : end.serverMs / Math.max(1, end.endedAt / 1e6),
        roundTripMs: compared.roundTrip / 1e6,
        startSkewMs: Math.max(0, ...figures.map(({ startSkewMs }) => Math.abs(startSkewMs ?? 0))),
      },
      notes: [...hosts.refusals, ...this.notes(figures)],
    };
  }

  private notes(hosts: NonNullable<Execution["hosts"]>): string[] {
    const { sojourn } = this.job.recorder;
    const { restarts, resent } = this.sender;
    return runNotes({
      ...{ hosts, restarts, resent, slip: this.results.slip, silence: this.silence.longest, claimAfterMs: this.rule.claimAfterMs },
      ...this.results.counts,
      median: sojourn.count === 0 ? null : sojourn.percentile(0.5),
    });
  }
}

interface Ended {
  readonly endedAt: Nanoseconds;
  readonly figures: Execution["queue"];
  readonly state: Execution["state"];
  readonly cpu: Nanoseconds | null;
  /** The clock of Redis against this process's. */
  readonly after: Offset | null;
  /** CPU time of the server during the case; null: unknown. */
  readonly serverMs: number | null;
}
