import { methodAfterRedirect } from "../../http/method.ts";
import type { Nanoseconds } from "../../kernel/clock.ts";
import type { Admission } from "./admission.ts";
import type { Replicas } from "./replicas.ts";
import type { RequestState } from "./request-state.ts";
import type { Requests } from "./requests.ts";
import type { RetryPolicy } from "./retry-policy.ts";

/** Decides where an item's requests go: to which replica, where a redirect leads, and around an open circuit. */
export class Router {
  private lastUrl = "";
  private lastHost = "";

  constructor(
    private readonly requests: Requests,
    /** The bases with the same tiles; null: there is one. */
    private readonly replicas: Replicas | null,
    private readonly admission: Admission,
    private readonly retry: RetryPolicy,
    /** Nanoseconds that the requests of one try may take in total. */
    private readonly timeout: Nanoseconds,
  ) {}

  /** The addresses of a resource at every base, by its address at the first; null: there is one. */
  replicasOf(url: string): readonly string[] | null {
    return this.replicas?.of(url) ?? null;
  }

  /** Index of the address that an item is requested from first. */
  firstOf(replicas: readonly string[] | null, index: number): number {
    return replicas === null ? 0 : this.closedFrom(replicas, this.replicas?.firstOf(index) ?? 0);
  }

  /** Host and port of an address. */
  hostOf(url: string): string {
    if (this.lastUrl === "" || !url.startsWith(this.lastUrl)) {
      const { host, origin } = new URL(url);
      this.lastHost = host;
      this.lastUrl = `${origin}/`;
    }
    return this.lastHost;
  }

  /** Follows a redirect. The item's secrets are not sent to another origin in this try. */
  follow(request: RequestState, status: number, location: string): void {
    const to = new URL(location, request.at);
    if (to.origin !== new URL(request.at).origin) request.foreign = true;
    const method = methodAfterRedirect(request.method, status);
    if (method !== request.method) request.content = null;
    request.method = method;
    this.aim(request, to.href, "redirects");
    request.hops++;
  }

  /** Begins a new try at the replica after the present one, if there are several. */
  retryElsewhere(request: RequestState): void {
    this.aimAnew(request, this.nextReplica(request, request.replica + 1) ?? request.url, "retries");
  }

  /** Begins a new try at a substitute. */
  standIn(request: RequestState, url: string): void {
    request.replicas = this.replicasOf(url);
    this.aimAnew(request, this.nextReplica(request, request.replica) ?? url, "parents");
  }

  /** Redirects a request held back by an open circuit to another replica; false where there is none. */
  turnFromOpenCircuit(request: RequestState): boolean {
    // The circuit is open where a redirect led: the redirecting server has already received the request.
    if (request.attempts > 0 && !this.retry.mayRepeat(this.requests.method)) {
      this.retry.refrain(request);
      return false;
    }
    const before = request.replica;
    const next = this.nextReplica(request, before);
    if (next === null || request.replica === before) return false;
    const cause = request.cause === "parents" ? "parents" : request.attempts === 0 ? "first" : "retries";
    this.aimAnew(request, next, cause);
    return true;
  }

  /** The address at the next available replica from that index on; null: there is only one. */
  private nextReplica(request: RequestState, from: number): string | null {
    const { replicas } = request;
    if (replicas === null) return null;
    request.replica = this.closedFrom(replicas, from);
    return replicas[request.replica] ?? null;
  }

  /** Index of the first address, from that index on and around, whose circuit is not open; that index where all are open. */
  private closedFrom(replicas: readonly string[], from: number): number {
    for (let i = 0; i < replicas.length; i++) {
      const at = (from + i) % replicas.length;
      if (!this.admission.refuses(this.hostOf(replicas[at] as string))) return at;
    }
    return from % replicas.length;
  }

  /** Begins a new try: method, body and time limit are those of the first request. */
  private aimAnew(request: RequestState, url: string, cause: "first" | "retries" | "parents"): void {
    request.method = this.requests.method;
    request.content = this.requests.contentOf(request.index, request.url);
    request.foreign = false;
    request.standIn = cause === "parents";
    this.aim(request, url, cause);
    request.hops = 0;
    request.left = this.timeout;
  }

  private aim(request: RequestState, url: string, cause: RequestState["cause"]): void {
    request.at = url;
    request.host = this.hostOf(url);
    request.cause = cause;
  }
}
