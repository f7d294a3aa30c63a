import { connect, createServer, type Server, type Socket } from "node:net";

interface Pair {
  readonly here: Socket;
  readonly there: Socket;
  /** What the server answers is lost. */
  deaf: boolean;
}

/** Stands between clients and a server on loopback, and loses answers: what was asked is done, its connection breaks, and nobody hears of it. */
export class LossyProxy {
  private readonly pairs = new Set<Pair>();
  private readonly server: Server;

  private constructor(private readonly to: number) {
    this.server = createServer((here) => this.join(here));
  }

  /** `to`: port of the server. */
  static async start(to: number): Promise<LossyProxy> {
    const proxy = new LossyProxy(to);
    await new Promise<void>((resolve) => proxy.server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    const address = this.server.address();
    return `redis://127.0.0.1:${typeof address === "object" ? address?.port : address}`;
  }

  private join(here: Socket): void {
    const pair: Pair = { here, there: connect(this.to, "127.0.0.1"), deaf: false };
    const { there } = pair;
    const part = () => {
      this.pairs.delete(pair);
      here.destroy();
      there.destroy();
    };
    for (const socket of [here, there]) socket.setNoDelay(true).on("error", part).on("close", part);
    here.on("data", (data) => void there.write(data));
    there.on("data", (data) => {
      if (!pair.deaf) here.write(data);
    });
    this.pairs.add(pair);
  }

  /** Loses what is answered on the present connections, then breaks them. */
  async lose(ms: number): Promise<void> {
    const lost = [...this.pairs];
    for (const pair of lost) pair.deaf = true;
    await Bun.sleep(ms);
    for (const { here, there } of lost) {
      here.destroy();
      there.destroy();
    }
  }

  stop(): void {
    this.server.close();
    for (const { here, there } of this.pairs) {
      here.destroy();
      there.destroy();
    }
  }
}
