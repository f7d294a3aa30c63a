import { isLoopback } from "./hosts.ts";

/** Who may ask a server that listens on this machine, beside its own programs. All names in lower case. */
export interface Admitted {
  /** Names that it may be asked under, with or without a port. */
  readonly hosts: ReadonlySet<string>;
  /** Origins of pages that may ask, beside its own. */
  readonly origins: ReadonlySet<string>;
  /** Pages of any other server of this machine may ask, too. */
  readonly localPages: boolean;
}

/**
 * Why a request may not pass; null: it may. A page of another site must not reach what listens here through its visitor's browser, neither
 * directly (its `Origin` says whose it is) nor under a name that it made point here (DNS rebinding: the `Host` is no name of this machine).
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
