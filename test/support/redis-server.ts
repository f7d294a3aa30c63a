import { rmSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "./cli.ts";

const PROGRAM = Bun.which("redis-server");
/** True where a server can be started; tests that need one are skipped otherwise, and their names say why. */
export const HAS_REDIS = PROGRAM !== null;

/** Longest wait for a server to be ready, in milliseconds. */
const START_MS = 10_000;

type Running = Bun.Subprocess<"ignore", "pipe", "ignore">;

/**
 * A `redis-server` on a free loopback port, with a temporary folder, and without persistence unless its options say so. To be stopped by the
 * test that started it.
 */
export class RedisServer {
  private restarting: Promise<void> = Promise.resolve();

  private constructor(
    readonly port: number,
    /** Its temporary folder. */
    readonly folder: string,
    private readonly secure: boolean,
    private readonly options: readonly string[],
    private running: Running,
  ) {}

  /** `options`: as on its command line, such as `--appendonly yes`. */
  static start(...options: readonly string[]): Promise<RedisServer> {
    return RedisServer.startOne(false, options);
  }

  /** One that speaks TLS only. */
  static startSecure(...options: readonly string[]): Promise<RedisServer> {
    return RedisServer.startOne(true, options);
  }

  private static async startOne(secure: boolean, options: readonly string[]): Promise<RedisServer> {
    const folder = temporaryFolder();
    for (let tries = 0; ; tries++) {
      const port = freePort();
      const running = await started(port, folder, secure, options);
      if (running !== null) return new RedisServer(port, folder, secure, options, running);
      if (tries === 3) throw new Error("redis-server did not start");
    }
  }

  get url(): string {
    return `${this.secure ? "rediss" : "redis"}://127.0.0.1:${this.port}`;
  }

  /** A name for a file in its folder. */
  file(name: string): string {
    return join(this.folder, name);
  }

  /** Sends the server a signal: SIGKILL ends it, SIGSTOP freezes it, SIGCONT wakes it. */
  signal(signal: NodeJS.Signals): void {
    this.running.kill(signal);
  }

  /** Kills it and starts it again, on the same port and with the same folder. `downMs`: how long it is gone, at least; `whileDown`: done meanwhile. */
  restart({ signal = "SIGKILL" as NodeJS.Signals, downMs = 0, whileDown = (): void | Promise<void> => {} } = {}): Promise<void> {
    this.restarting = this.startAgain(signal, downMs, whileDown);
    return this.restarting;
  }

  private async startAgain(signal: NodeJS.Signals, downMs: number, whileDown: () => void | Promise<void>): Promise<void> {
    this.running.kill(signal);
    await this.running.exited;
    await whileDown();
    await Bun.sleep(downMs);
    const again = await started(this.port, this.folder, this.secure, this.options);
    if (again === null) throw new Error("redis-server did not start again");
    this.running = again;
  }

  async stop(): Promise<void> {
    await this.restarting.catch(() => {});
    this.running.kill("SIGKILL");
    await this.running.exited;
    rmSync(this.folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Starts a server and waits until it accepts connections; null: it ended, as when its port is taken. */
async function started(port: number, folder: string, secure: boolean, options: readonly string[]): Promise<Running | null> {
  const ports = secure ? ["--port", "0", "--tls-port", String(port)] : ["--port", String(port)];
  const fixed = [...ports, "--bind", "127.0.0.1", "--dir", folder, "--save", ""];
  const running = Bun.spawn([PROGRAM ?? "redis-server", ...fixed, ...options], { stdin: "ignore", stdout: "pipe", stderr: "ignore" });
  const late = setTimeout(() => running.kill("SIGKILL"), START_MS);
  const reader = running.stdout.getReader();
  const text = new TextDecoder();
  let log = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    log += text.decode(value, { stream: true });
    if (!/Ready to accept connections/.test(log)) continue;
    clearTimeout(late);
    guard(running);
    void drain(reader);
    return running;
  }
  clearTimeout(late);
  await running.exited;
  return null;
}

/** Has a server killed when this process is gone, whichever way. */
function guard(server: Running): void {
  const waiting = Bun.spawn(["sh", "-c", 'read -r _; kill -9 "$1"', "sh", String(server.pid)], {
    stdin: "pipe",
    stdout: "ignore",
    stderr: "ignore",
  });
  waiting.unref();
  void server.exited.then(() => waiting.kill("SIGKILL"));
}

/** Reads on, so that the server never waits for its log to be read. */
async function drain(reader: { read(): Promise<{ done: boolean }> }): Promise<void> {
  while (!(await reader.read()).done);
}

function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}
