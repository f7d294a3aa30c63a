import { type Cookie, CookieJar, MemoryCookieStore } from "tough-cookie";

/** Most cookies of one domain, most in all, and most characters of one: the minimum that RFC 6265 (6.1) asks of clients. */
const OF_ONE = 50;
const IN_ALL = 3000;
const LONGEST = 4096;

/**
 * Cookie jar by RFC 6265: domain and host-only, path, Secure (https only, on this machine too), Max-Age and Expires; no cookies for public
 * suffixes. One bounded jar for all requests of a thread.
 */
export class Cookies {
  private readonly store = new BoundedStore();
  private readonly jar = new CookieJar(this.store, { rejectPublicSuffixes: true, allowSecureOnLocal: false });

  /** The `Cookie` line of a request; null: no cookies apply. */
  lineFor(url: string): string | null {
    if (this.store.isEmpty) return null;
    const pairs = this.jar.getCookieStringSync(url);
    return pairs === "" || !FIT.test(pairs) ? null : `Cookie: ${pairs}`;
  }

  /** Stores the cookies of a response; ignores those that it may not set. */
  setFrom(url: string, lines: readonly string[]): void {
    for (const line of lines) if (line.length <= LONGEST) this.jar.setCookieSync(line, url, { ignoreError: true });
  }
}

/** Valid characters of a header field. */
const FIT = /^[\x20-\x7e\t]*$/;

/** Drops the oldest cookies when there are too many. */
class BoundedStore extends MemoryCookieStore {
  /** By domain, path and name; the last set at the end. */
  private readonly kept = new Map<string, Cookie>();

  get isEmpty(): boolean {
    return this.kept.size === 0;
  }

  override putCookie(cookie: Cookie): Promise<void>;
  override putCookie(cookie: Cookie, callback: (error: Error | null) => void): void;
  override putCookie(cookie: Cookie, callback?: (error: Error | null) => void): Promise<void> | undefined {
    const name = nameOf(cookie.domain, cookie.path, cookie.key);
    this.kept.delete(name);
    this.kept.set(name, cookie);
    this.makeRoom(cookie.domain);
    if (callback === undefined) return super.putCookie(cookie);
    super.putCookie(cookie, callback);
    return undefined;
  }

  override removeCookie(domain: string, path: string, key: string): Promise<void>;
  override removeCookie(domain: string, path: string, key: string, callback: (error: Error | null) => void): void;
  override removeCookie(domain: string, path: string, key: string, callback?: (error: Error | null) => void): Promise<void> | undefined {
    this.kept.delete(nameOf(domain, path, key));
    if (callback === undefined) return super.removeCookie(domain, path, key);
    super.removeCookie(domain, path, key, callback);
    return undefined;
  }

  private makeRoom(domain: string | null): void {
    const alike = [...this.kept.values()].filter((one) => one.domain === domain);
    const oldest = alike.length > OF_ONE ? alike[0] : this.kept.size > IN_ALL ? this.kept.values().next().value : undefined;
    if (oldest !== undefined) this.removeCookie(oldest.domain ?? "", oldest.path ?? "", oldest.key, () => {});
  }
}

function nameOf(domain: string | null, path: string | null, key: string | null): string {
  return `${domain};${path};${key}`;
}
