import { MessageQueue, type MessageQueueOptions, type StoreOptions } from "../../src/flows/index.ts";
import { storeOptionsOf } from "../../src/flows/message-queue/queue-options.ts";
import { RedisStore } from "../../src/flows/message-queue/redis/store.ts";
import { RedisConnection } from "../../src/kernel/redis/connection.ts";
import type { RedisPort, RedisScript } from "../../src/kernel/redis/port.ts";
import type { Timers } from "../../src/kernel/timers.ts";
import { HAS_REDIS, RedisServer } from "./redis-server.ts";
import { outsideWork } from "./virtual-timers.ts";

/** One connection for many stores, which virtual time waits for. */
class SharedPort implements RedisPort {
  constructor(private readonly connection: RedisConnection) {}

  get trouble() {
    return this.connection.trouble;
  }

  send(command: string, args: readonly string[] = []) {
    return outsideWork(this.connection.send(command, args));
  }

  run(script: RedisScript, keys: readonly string[], args: readonly string[]) {
    return outsideWork(this.connection.run(script, keys, args));
  }

  close(): void {}
}

/** Stores in a Redis of a test's own, started when the first is opened. */
export class RedisStores {
  private starting: Promise<RedisServer> | null = null;
  private port: SharedPort | null = null;
  private made = 0;

  /** To be called before the first is opened. */
  async start(): Promise<void> {
    if (!HAS_REDIS) return;
    this.starting ??= RedisServer.start();
    this.port = new SharedPort(new RedisConnection((await this.starting).url));
  }

  async stop(): Promise<void> {
    await (await this.starting)?.stop();
  }

  /** A name that no queue has yet. */
  newName(): string {
    return `q ${++this.made} }:é`;
  }

  store(options: StoreOptions, queue = this.newName(), timers?: Timers): RedisStore {
    if (this.port === null) throw new Error("no Redis was started");
    return new RedisStore({ ...options, queue, port: this.port, bellPort: null, ...(timers === undefined ? {} : { timers }) });
  }

  /** A queue whose option `redis` is a name of `newName`. */
  queue<T>(options: MessageQueueOptions): MessageQueue<T> {
    const open = () => this.store(storeOptionsOf(options), options.redis, options.timers);
    return new MessageQueue<T>("q", open(), options, open);
  }
}
