import { kindOfHost, mayAsk } from "../../kernel/hosts.ts";

/** Redirects that are followed in a row at most. */
const MOST_HOPS = 10;

/** Why a redirect is not followed; null: it is. `location`: as an answer from the address `from` has it; `hops`: those before it. */
export function hopProblem(location: string, from: string, hops: number, allowedHosts: readonly string[] | null): string | null {
  if (hops >= MOST_HOPS) return "redirect loop";
  const to = URL.canParse(location, from) ? new URL(location, from) : null;
  if (to === null || (to.protocol !== "http:" && to.protocol !== "https:")) return "redirect to nowhere";
  return mayAsk(to.hostname, allowedHosts) ? null : `redirect to a ${kindOfHost(to.hostname)} host`;
}
