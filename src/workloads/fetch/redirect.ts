import { isHostAllowed, kindOfHost } from "../../kernel/hosts.ts";

/** Most redirects followed in a row. */
const MOST_HOPS = 10;

/** Why a redirect is not followed; null: it is. `location`: from the response of the address `from`; `hops`: redirects before it. */
export function hopProblem(location: string, from: string, hops: number, allowedHosts: readonly string[] | null): string | null {
  if (hops >= MOST_HOPS) return "redirect loop";
  const to = URL.canParse(location, from) ? new URL(location, from) : null;
  if (to === null || (to.protocol !== "http:" && to.protocol !== "https:")) return "redirect to nowhere";
  return isHostAllowed(to.hostname, allowedHosts) ? null : `redirect to a ${kindOfHost(to.hostname)} host`;
}

/**
 * A `Location` as an address can hold it. Header fields arrive as Latin-1: bytes beyond ASCII are percent-encoded one by one, whatever
 * encoding the server meant (the practice of browsers and curl).
 */
export function encodedLocation(field: string): string {
  return field.replaceAll(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
}
