import { kindOfHost, mayAsk } from "../../kernel/hosts.ts";

/** Redirects that are followed in a row at most. */
const MOST_HOPS = 10;

/** Where a redirect leads, or why it is not followed. */
export type Hop = { readonly url: string } | { readonly problem: string };

/** `location`: as an answer from the address `from` has it; `hops`: redirects that were followed before it. */
export function hopTo(location: string, from: string, hops: number, allowedHosts: readonly string[]): Hop {
  if (hops >= MOST_HOPS) return { problem: "redirect loop" };
  const to = URL.canParse(location, from) ? new URL(location, from) : null;
  if (to === null || (to.protocol !== "http:" && to.protocol !== "https:")) return { problem: "redirect to nowhere" };
  return mayAsk(to.hostname, allowedHosts) ? { url: to.href } : { problem: `redirect to a ${kindOfHost(to.hostname)} host` };
}
