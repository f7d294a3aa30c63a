/** Runs `ip`; true when it did what it was asked. */
function ip(...args: string[]): boolean {
  return Bun.spawnSync(["ip", ...args], { stdout: "ignore", stderr: "ignore" }).exitCode === 0;
}

/** True where network namespaces may be made: with `ip`, as root. */
export const CAN_NETWORK = ((): boolean => {
  if (Bun.which("ip") === null || process.getuid?.() !== 0) return false;
  const name = `lab-try-${process.pid}`;
  const made = ip("netns", "add", name);
  if (made) ip("netns", "del", name);
  return made;
})();

/** A host of its own: a network namespace with one link to this machine. */
export class NamespaceHost {
  private constructor(
    private readonly name: string,
    private readonly link: string,
    /** Address of this machine, as seen from there. */
    readonly gateway: string,
  ) {}

  /** `number`: of the host, from 1. Throws where it may not be made. */
  static make(number: number): NamespaceHost {
    const name = `lab-${process.pid}-${number}`;
    const [link, inside] = [`lab${process.pid % 10_000}h${number}`, `lab${process.pid % 10_000}n${number}`];
    const gateway = `10.203.${number}.1`;
    const host = new NamespaceHost(name, link, gateway);
    const made =
      ip("netns", "add", name) &&
      ip("link", "add", link, "type", "veth", "peer", "name", inside) &&
      ip("link", "set", inside, "netns", name) &&
      ip("addr", "add", `${gateway}/24`, "dev", link) &&
      ip("link", "set", link, "up") &&
      ip("-n", name, "addr", "add", `10.203.${number}.2/24`, "dev", inside) &&
      ip("-n", name, "link", "set", inside, "up") &&
      ip("-n", name, "link", "set", "lo", "up");
    if (made) return host;
    host.remove();
    throw new Error("a network namespace could not be made");
  }

  /** What has to stand before a command that is to run there. */
  get prefix(): readonly string[] {
    return ["ip", "netns", "exec", this.name];
  }

  /** Cuts its link, or mends it. */
  cut(down: boolean): void {
    ip("link", "set", this.link, down ? "down" : "up");
  }

  remove(): void {
    ip("link", "del", this.link);
    ip("netns", "del", this.name);
  }
}
