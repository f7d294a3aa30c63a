import type { Subprocess } from "bun";
import type { MockSettings } from "../../../scenario/schema.ts";
import type { FromMock, ToMock } from "./protocol.ts";
import type { MockStats } from "./server.ts";

/** Longest wait for an answer of the server's process, in milliseconds. */
const PATIENCE_MS = 10_000;

/** A mock tile server in a process of its own, on loopback. */
export class MockProcess {
  private constructor(
    private readonly child: Subprocess,
    readonly port: number,
    private readonly heard: { onStats: ((stats: MockStats) => void) | null },
  ) {}

  /** Starts a server on any free port. Rejects with a sentence when it cannot. */
  static async start(settings: MockSettings, seed: number): Promise<MockProcess> {
    const heard: { onStats: ((stats: MockStats) => void) | null } = { onStats: null };
    let child: Subprocess | null = null;
    const listening = new Promise<number>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("The mock tile server did not start in time.")), PATIENCE_MS);
      const settle = (act: () => void) => {
        clearTimeout(timer);
        act();
      };
      child = Bun.spawn({
        cmd: [process.execPath, Bun.fileURLToPath(new URL("./main.ts", import.meta.url))],
        stdin: "ignore",
        stdout: "ignore",
        stderr: "ignore",
        serialization: "json",
        ipc: (message: FromMock, subprocess) => {
          if (message.type === "hello") subprocess.send({ type: "start", settings, seed } satisfies ToMock);
          else if (message.type === "listening") settle(() => resolve(message.port));
          else if (message.type === "failed") settle(() => reject(new Error(`The mock tile server could not start: ${message.reason}`)));
          else heard.onStats?.(message.stats);
        },
        onExit: () => settle(() => reject(new Error("The mock tile server ended before it listened."))),
      });
    });
    try {
      const bound = await listening;
      if (child === null) throw new Error("unreachable");
      return new MockProcess(child, bound, heard);
    } catch (error) {
      (child as Subprocess | null)?.kill("SIGKILL");
      throw error;
    }
  }

  get pid(): number {
    return this.child.pid;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts the clock of its outages. */
  begin(): void {
    this.child.send({ type: "begin" } satisfies ToMock);
  }

  /** The server's figures; null when it no longer answers. */
  stats(): Promise<MockStats | null> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(null), 1000);
      this.heard.onStats = (stats) => {
        clearTimeout(timer);
        resolve(stats);
      };
      this.child.send({ type: "stats" } satisfies ToMock);
    });
  }

  stop(): void {
    this.child.kill("SIGKILL");
  }
}
