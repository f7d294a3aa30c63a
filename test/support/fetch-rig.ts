import type { Fetch } from "../../src/http/fetch-transport.ts";
import { VirtualTime } from "../../src/kernel/virtual-time.ts";
import { Item } from "../../src/queueing/item.ts";
import { CircuitBreakers } from "../../src/resilience/circuit-breaker.ts";
import { RateLimiter } from "../../src/resilience/rate-limiter.ts";
import { fetchSchema } from "../../src/scenario/fetch-schema.ts";
import { NO_ACCESS } from "../../src/workloads/access.ts";
import type { Cookies } from "../../src/workloads/fetch/cookies.ts";
import { NamedHosts } from "../../src/workloads/fetch/named-hosts.ts";
import { FetchProcessor } from "../../src/workloads/fetch/processor.ts";
import { type FetchFiles, loggedInto } from "../../src/workloads/fetch/records.ts";
import { COUNT, fetchCounts } from "../../src/workloads/fetch/report.ts";

/** One request as its server heard it. */
export interface SaidByClient {
  readonly url: string;
  /** Milliseconds. */
  readonly at: number;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** A processor on a virtual clock, asking a server that answers as a function says. `apart`: figures are kept by item, as on a worker, which writes no files. */
export function rig(
  settings: object,
  answer: (attempt: number, url: string) => number | string | [number, Record<string, string>, string?],
  files: Partial<FetchFiles> = {},
  cookies: Cookies | null = null,
  apart = false,
) {
  const time = new VirtualTime();
  const asked: SaidByClient[] = [];
  const ask: Fetch = async (url, init) => {
    const { body } = init;
    const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : null;
    asked.push({ url, at: time.now() / 1e6, method: init.method ?? "GET", headers: init.headers as Record<string, string>, body: text });
    const said = answer(asked.length, url);
    const span = typeof said === "string" && said === "hang" ? 1e15 : 5e6;
    await new Promise<void>((done, fail) => {
      init.signal?.addEventListener("abort", () => fail(new DOMException("aborted", "AbortError")), { once: true });
      void time.sleepUntil(time.now() + span).then(done);
    });
    if (typeof said === "string") throw Object.assign(new Error(said), { code: said });
    const [status, headers, content = "body"] = typeof said === "number" ? [said, {}] : said;
    return new Response(status === 204 || init.method === "HEAD" ? null : content, { status, headers });
  };
  const counts = fetchCounts();
  const parsed = fetchSchema.parse(settings);
  const written = { ...NO_ACCESS.files, ...files };
  const processor = new FetchProcessor(
    {
      settings: parsed,
      base: "http://127.0.0.1/{z}/{x}/{y}",
      allowedHosts: [],
      seed: 1,
      warmup: 0,
      runId: "run",
      bases: [],
      keys: "00000000-0000-4000-8000-000000000000",
      body: null,
      concurrency: [parsed.concurrency.max === "unlimited" ? 1000 : parsed.concurrency.max],
      shared: {
        breakers: CircuitBreakers.memory(),
        limiter: RateLimiter.memory(),
        flight: new SharedArrayBuffer(8),
        hosts: NamedHosts.memory(),
        counts: [counts],
        reports: [],
        phases: [],
      },
      apart,
      logged: loggedInto(written),
      files: apart ? NO_ACCESS.files : written,
    },
    {
      now: () => time.now(),
      compute: () => {},
      block: () => {},
      wait: () => {},
      pause: (span) => time.sleepUntil(time.now() + span),
    },
    0,
    ask,
    cookies,
  );
  const one = (url = "http://127.0.0.1/5/2/3", key = 0) => processor.process(Object.assign(new Item(), { payload: url, key }));
  const count = (what: keyof typeof COUNT) => new Float64Array(counts)[COUNT[what]] ?? 0;
  return { time, asked, processor, one, count };
}
