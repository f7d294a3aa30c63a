import { isLoopback } from "./hosts.ts";

/** Clients admitted to a server on this machine, beside its own programs. All names in lower case. */
export interface Admitted {
  /** Names accepted in `Host`, with or without a port. */
  readonly hosts: ReadonlySet<string>;
  /** Origins of pages admitted, beside its own. */
  readonly origins: ReadonlySet<string>;
  /** Whether pages of any other server on this machine are admitted, too. */
  readonly localPages: boolean;
}

/**
 * Why a request is refused; null: it is admitted. A page of another site must not reach a local server through its visitor's browser,
 * neither directly (its `Origin` is another) nor under a name that it has resolve to this machine (DNS rebinding: the `Host` is no name of
 * this machine).
 */
export function refusalOf(headers: Headers, { hosts, origins, localPages }: Admitted): "host" | "origin" | null {
  const host = (headers.get("host") ?? "").toLowerCase();
  const name = host.replace(/:\d+$/, "");
  if (!isLoopback(name) && !hosts.has(name) && !hosts.has(host)) return "host";
  const origin = headers.get("origin")?.toLowerCase();
  if (origin === undefined || origins.has(origin)) return null;
  const page = /^https?:\/\/([^/]+)$/.exec(origin)?.[1];
  if (page === undefined) return "origin";
  return page === host || (localPages && isLoopback(page.replace(/:\d+$/, ""))) ? null : "origin";
}
