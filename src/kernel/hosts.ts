/**
 * True for a host that load may go to without permission: this machine and private networks (RFC 1918, RFC 4193, loopback). `host` as a URL
 * spells it: lower case, IPv4 as four numbers, IPv6 in brackets. A name other than `localhost` is public whatever it resolves to, since
 * only a lookup would tell. Link-local addresses are not private networks: clouds serve a machine's credentials there.
 */
export function isPrivateHost(host: string): boolean {
  if (host === "localhost" || host.endsWith(".localhost")) return true;
  const v4 = /^(\d{1,3})\.(\d{1,3})\.\d{1,3}\.\d{1,3}$/.exec(host);
  if (v4 !== null) return isPrivateV4(Number(v4[1]), Number(v4[2]));
  if (!host.startsWith("[")) return false;
  const address = host.slice(1, -1);
  if (address === "::1") return true;
  const mapped = /^::ffff:([0-9a-f]{1,4}):[0-9a-f]{1,4}$/.exec(address);
  if (mapped !== null) {
    const high = Number.parseInt(mapped[1] ?? "0", 16);
    return isPrivateV4(high >> 8, high & 255);
  }
  return /^f[cd][0-9a-f]{2}:/.test(address) && address !== METADATA_V6;
}

/** Address of cloud metadata (credentials) over IPv6, within an otherwise private network. */
const METADATA_V6 = "fd00:ec2::254";

function isPrivateV4(a: number, b: number): boolean {
  return a === 127 || a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168);
}

/** True for a link-local address (RFC 3927, RFC 4291), including cloud metadata. */
function isLinkLocal(host: string): boolean {
  return /^169\.254\./.test(host) || /^\[(::ffff:a9fe:|fe[89ab][0-9a-f]:)/.test(host) || host === `[${METADATA_V6}]`;
}

/** Why a host needs permission, in words. */
export function kindOfHost(host: string): "public" | "link-local" {
  return isLinkLocal(host) ? "link-local" : "public";
}

/** True when load may go to the host: it is private, or the user has allowed it. `allowed`: null where nothing leaves this machine. */
export function isHostAllowed(host: string, allowed: readonly string[] | null): boolean {
  return (
    allowed === null || isPrivateHost(host) || allowed.some((name) => name.toLowerCase() === host || `[${name.toLowerCase()}]` === host)
  );
}

/** True for a loopback name or address. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || /^127(\.\d{1,3}){3}$/.test(host) || host === "[::1]" || host === "::1";
}
