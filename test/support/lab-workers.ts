import { join } from "node:path";
import { RedisWorker } from "../../src/engine/worker/redis-worker.ts";

const MAIN = join(import.meta.dir, "../../src/engine/worker/main.ts");

interface WorkerOptions {
  readonly slots?: number;
  /** Nanoseconds by which its clock is ahead of the machine's. */
  readonly clockShift?: number;
  /** Nanoseconds by which the instants of its slots are ahead of what it has found of that clock. */
  readonly lie?: number;
  readonly allowCommands?: boolean;
}

/** A worker of mode `distributed` in this process; its slots are threads. Stopped, and waited for, by `stop`. */
export class WorkerHere {
  readonly lines: string[] = [];
  private readonly worker: RedisWorker;
  private readonly served: Promise<void>;

  constructor(url: string, name: string, more: WorkerOptions = {}) {
    const { slots = 1, clockShift = 0, lie = 0, allowCommands = false } = more;
    const options = {
      ...{ url, name, slots, clockShift, allowCommands },
      allowModules: false,
      allowHosts: [],
      say: (line: string) => this.lines.push(line),
    };
    this.worker = new RedisWorker(options);
    // From here on it is read for the clock of the slots alone.
    options.clockShift += lie;
    this.served = this.worker.serve();
    this.served.catch((error: unknown) => this.lines.push(String(error)));
  }

  async stop(): Promise<void> {
    this.worker.stop();
    await this.served.catch(() => {});
  }
}

/** A worker in a process of its own, for signals that it cannot answer. */
export class WorkerProcess {
  private readonly child: Bun.Subprocess;

  /** `prefix`: what stands before its command. */
  constructor(url: string, name: string, prefix: readonly string[] = []) {
    this.child = Bun.spawn([...prefix, process.execPath, MAIN, name, "1"], {
      env: { ...process.env, REDIS_URL: url },
      stdin: "ignore",
      stdout: "ignore",
      stderr: "inherit",
      ipc: () => {},
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  get exited(): Promise<number> {
    return this.child.exited;
  }

  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.child.exited;
  }
}
