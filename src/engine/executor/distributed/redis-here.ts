import { tmpdir } from "node:os";
import type { Subprocess } from "bun";
import { errorText } from "../../../kernel/error-text.ts";
import { UserError } from "../../../kernel/problem.ts";
import { guardOf, signalGroup } from "../../../kernel/process-group.ts";
import { RedisConnection } from "../../../kernel/redis/connection.ts";
import { printable } from "../../../kernel/text.ts";

/** Attempts to find a free port, and milliseconds in which the server has to answer. */
const ATTEMPTS = 3;
const STARTUP_MS = 5000;
const LOOK_MS = 10;
/** Milliseconds that what was started has to end by itself. */
const GRACE_MS = 1500;

/** `redis: auto`: a server of this case on loopback, which keeps nothing, and workers; all of them end with this process. */
export class RedisHere {
  private constructor(
    readonly url: string,
    private readonly server: ServerProcess,
    private readonly workers: readonly Subprocess[],
  ) {}

  /** Starts the server, then the workers. Throws a sentence. */
  static async start(workers: number): Promise<RedisHere> {
    const server = await ServerProcess.start();
    const started = Array.from({ length: workers }, (_, i) => startWorker(server.url, `worker-${i}`));
    return new RedisHere(server.url, server, started);
  }

  /** Ids of what was started. */
  get processes(): number[] {
    return [this.server.pid, ...this.workers.map(({ pid }) => pid)];
  }

  async close(): Promise<void> {
    for (const worker of this.workers) worker.kill("SIGTERM");
    await Promise.race([Promise.all(this.workers.map(({ exited }) => exited)), Bun.sleep(GRACE_MS)]);
    for (const worker of this.workers) worker.kill("SIGKILL");
    this.server.kill();
  }
}

function startWorker(url: string, name: string): Subprocess {
  return Bun.spawn({
    cmd: [process.execPath, Bun.fileURLToPath(new URL("../../worker/main.ts", import.meta.url)), name, "1"],
    env: { ...process.env, REDIS_URL: url },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
    // It ends when this channel does.
    ipc: () => {},
  });
}

/** A running `redis-server`. */
class ServerProcess {
  private constructor(
    readonly url: string,
    private readonly child: Subprocess<Uint8Array<ArrayBuffer>, "pipe", "ignore">,
    private readonly guard: Subprocess,
  ) {}

  static async start(): Promise<ServerProcess> {
    const program = Bun.which("redis-server") ?? Bun.which("valkey-server");
    if (program === null)
      throw new UserError("distributed.redis: auto needs redis-server or valkey-server in PATH; --redis names a server that is running");
    let why = "";
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const password = crypto.randomUUID();
      const port = freePort();
      const server = ServerProcess.launch(program, port, password);
      const problem = await server.untilReady();
      if (problem === null) return server;
      server.kill();
      why = problem;
    }
    throw new UserError(`${printable(program, 100)} could not be started: ${printable(why, 300)}`);
  }

  private static launch(program: string, port: number, password: string): ServerProcess {
    // Read from standard input, so that no other user sees the password.
    const settings = [
      `port ${port}`,
      "bind 127.0.0.1",
      `requirepass ${password}`,
      'save ""',
      "appendonly no",
      `dir ${tmpdir()}`,
      "daemonize no",
      "loglevel warning",
    ];
    const child = Bun.spawn({
      cmd: [program, "-"],
      env: { PATH: process.env["PATH"] ?? "" },
      stdin: new TextEncoder().encode(`${settings.join("\n")}\n`),
      stdout: "pipe",
      stderr: "ignore",
      detached: true,
    });
    return new ServerProcess(`redis://:${password}@127.0.0.1:${port}`, child, guardOf(child.pid));
  }

  get pid(): number {
    return this.child.pid;
  }

  /** Waits until it answers; returns why it does not. */
  private async untilReady(): Promise<string | null> {
    const until = performance.now() + STARTUP_MS;
    let last = "";
    while (performance.now() < until) {
      if (this.child.exitCode !== null) return (await new Response(this.child.stdout).text()).trim().split("\n").at(-1) ?? "it ended";
      const redis = new RedisConnection(this.url, { patienceMs: 0 });
      try {
        await redis.connect();
        return null;
      } catch (error) {
        last = errorText(error);
        await Bun.sleep(LOOK_MS);
      } finally {
        redis.close();
      }
    }
    return last;
  }

  kill(): void {
    signalGroup(this.child.pid, "SIGKILL");
    this.guard.kill("SIGKILL");
  }
}

/** A port of loopback that nothing listens on. */
function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}
