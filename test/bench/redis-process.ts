/** A `redis-server` for a peer, on a free port of loopback; it keeps nothing. */
export class RedisProcess {
  private constructor(
    readonly url: string,
    private readonly child: Bun.Subprocess,
  ) {}

  /** null: it is not installed. */
  static async start(): Promise<RedisProcess | null> {
    const program = Bun.which("redis-server");
    if (program === null) return null;
    const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const { port } = listener;
    listener.stop(true);
    const child = Bun.spawn([program, "--port", String(port), "--bind", "127.0.0.1", "--save", ""], { stdout: "ignore", stderr: "ignore" });
    const url = `redis://127.0.0.1:${port}`;
    for (;;) {
      const client = new Bun.RedisClient(url, { autoReconnect: false });
      try {
        await client.connect();
        return new RedisProcess(url, child);
      } catch {
        await Bun.sleep(20);
      } finally {
        client.close();
      }
    }
  }

  async stop(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.child.exited;
  }
}
