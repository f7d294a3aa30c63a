import { describe, expect, test } from "bun:test";
import type { FetchFigures } from "../../../src/telemetry/fetch-figures.ts";
import { explainedRequests, type RequestChange, SERVER } from "../../support/explained-requests.ts";
import { caseResult, sample } from "../../support/results.ts";

const base = caseResult({ mode: "async" });
const told = (figures: Partial<FetchFigures>, change: RequestChange = {}) => explainedRequests({ ...change, figures });

describe("attempts and retries", () => {
  const tried = { sent: 4000, attempts: 5000, retries: 1000, ok: 3000, failed: 1000 };

  test("are told with all their digits, beside the series of the server as it is described", () => {
    expect(told(tried, { mock: { errorRate: 0.2 } })).toContain(
      "Retries: 5000 attempts for the 4000 requests that were sent, 1.250 each; as the server is described, 20 % of attempts fail, of which the geometric series up to 2 retries makes 1.240; 3.00 k of 4.00 k ended well.",
    );
    expect(told(tried, { mock: { errorRate: 0.2, outages: [{ at: "1s", for: "1s" }] } })).toContain(
      "; as the server is described, its outages aside, 20 % of attempts fail",
    );
    expect(told(tried)).toContain("1.250 each; 3.00 k of 4.00 k ended well.");
  });

  test("of one request are its own, and those for the tiles around are counted apart", () => {
    expect(told({ ...tried, sent: 1, retries: 2, attempts: 3 })).toContain(
      "Retries: 3 attempts for the one request that was sent, 3.000 each",
    );
    expect(told({ ...tried, attempts: 5007 })).toContain("for the 4000 requests that were sent (7 more for the tiles around), 1.250 each");
    const byCause = { first: 4000, retries: 1000, redirects: 5, resent: 0, parents: 2 };
    expect(told({ ...tried, attempts: 5007, byCause })).toContain("that were sent (2 more for the tiles around), 1.250 each");
  });

  test("are not told where there were none, or nothing was sent", () => {
    for (const none of [{ retries: 0 }, { sent: 0 }]) expect(told({ ...tried, ...none })).not.toContain("Retries:");
  });
});

describe("what went out beside them", () => {
  const byCause = { first: 4000, retries: 0, redirects: 0, resent: 0, parents: 0 };
  const beside = (change: object, more: object = {}) => told({ byCause: { ...byCause, ...change }, ...more });

  test("followed redirects, or was sent anew", () => {
    expect(beside({ redirects: 3 })).toContain("Of 4.00 k requests that went out, 3 followed redirects.");
    expect(beside({ resent: 1 })).toContain(
      "Of 4.00 k requests that went out, 1 was sent anew because a kept connection was over before a byte of the answer.",
    );
    expect(beside({ redirects: 3, resent: 4 }, { unread: 2 })).toContain(
      "3 followed redirects, 4 were sent anew because a kept connection was over before a byte of the answer, 2 of them after one that no server had read and that is no attempt.",
    );
    expect(beside({})).not.toContain("that went out");
  });
});

describe("the limiter", () => {
  const limited = (rateTurns: readonly number[], change: RequestChange = {}, figures: Partial<FetchFigures> = {}) =>
    told(
      { rateTurns, turnMs: 40, ...figures },
      { rate: 69, fetch: { concurrency: { max: 100 }, rateLimit: { initial: 10, min: 1, max: 1000 } }, ...change },
    );

  test("is told by its turns, and its sawtooth by their mean", () => {
    expect(limited([90, 110])).toContain(
      "The rate climbed ×1.1 after every 10 successes and was cut ×0.5 2 times, at 100/s on average. A sawtooth from ×0.5 of its peak spends its time at 0.69 of it (ln 2): 100/s × 0.69 = 69/s. Cut ×0.9 it would be 0.95.",
    );
    expect(limited([90, 110], { mock: { rateLimit: 100 } })).toContain("at 100/s on average (the server allows 100/s).");
    expect(limited(Array(200).fill(100))).toContain("was cut ×0.5 its first 200 times, at 100/s on average.");
    expect(limited(Array(199).fill(100))).toContain("was cut ×0.5 199 times, at");
  });

  test("has no sawtooth of one turn, of a rate at one of its bounds, or of one that nothing waits for", () => {
    const bounded = (min: number, max: number) =>
      limited([90, 110], { fetch: { concurrency: { max: 100 }, rateLimit: { initial: min, min, max } } });
    expect(bounded(49, 1000)).toContain("sawtooth");
    expect(bounded(50, 1000)).not.toContain("sawtooth");
    expect(bounded(10, 106)).toContain("sawtooth");
    expect(bounded(10, 105)).not.toContain("sawtooth");
    expect(limited([100])).not.toContain("sawtooth");
    expect(limited([90, 110], {}, { turnMs: 10 })).not.toContain("sawtooth");
  });

  test("says that it was never told to slow down; without one, how many were told to come later", () => {
    expect(limited([])).toContain("The rate limiter was never told to slow down.");
    expect(told({ rateLimited: 1 })).toContain(" 1 attempt was answered 429.");
    expect(told({ rateLimited: 2 })).toContain(" 2 attempts were answered 429.");
    expect(told({})).not.toContain("answered 429");
  });

  describe("between its first cut and its last", () => {
    /** Its rate at each tenth of a second, while 10 requests go out in each. */
    const through = (rates: readonly number[], throughput: number) => {
      const series = rates.map((rate, i) => ({ ...sample(100 * (i + 1)), fetch: { ...base.fetch, rate, attempts: 10 * (i + 1) } }));
      return limited([90, 110], { rate: throughput, result: { series } });
    };

    test("sent so many, of which the climb before and what waited after it take some", () => {
      expect(through([50, 90, 45, 60, 110, 55], 98.1)).toContain(" From the first cut to the last 100/s went out. Cut");
      expect(through([50, 90, 45, 60, 110, 55], 69)).toContain(
        " From the first cut to the last 100/s went out; the climb from 10/s before it and what waited after it make that 69/s over the whole run.",
      );
    });

    test("is not told where the samples show more cuts, or fewer", () => {
      expect(through([50, 90, 45, 60, 70, 80], 69)).not.toContain("From the first cut");
      expect(through([50, 45, 60, 50, 60, 50], 69)).not.toContain("From the first cut");
    });
  });
});

describe("a breaker", () => {
  test("refused so many, before anything went out or at a retry", () => {
    expect(told({ refusedByBreaker: 1 })).toContain("While the circuit was open 1 request was refused at once.");
    expect(told({ refusedByBreaker: 20, refusedUnsent: 20 })).toContain("20 requests were refused at once, before anything went out.");
    expect(told({ refusedByBreaker: 20, refusedUnsent: 15 })).toContain("at once, 15 before anything went out and 5 at a retry.");
    expect(told({})).not.toContain("circuit");
  });

  test("kept them from the server, by its own count", () => {
    const server = { ...SERVER, requests: 4010 };
    const counted = "The server itself counted 4.01 k requests, and 4.00 k went out.";
    expect(told({ refusedByBreaker: 20, server })).toContain(counted);
    const again = " The 10 more are those of Bun's fetch, which asks once more when a kept connection breaks.";
    expect(told({ refusedByBreaker: 20, server, carriedByFetch: 1 })).toContain(counted + again);
    expect(told({ refusedByBreaker: 20, server, carriedByFetch: 0 })).not.toContain("Bun's fetch");
    expect(told({ refusedByBreaker: 20, server: SERVER, carriedByFetch: 1 })).not.toContain("Bun's fetch");
  });
});

describe("what was taken where nothing limits it", () => {
  const unlimited = { fetch: { concurrency: { max: "unlimited" } } };

  test("is files, connections and memory", () => {
    const process = { ...base.process, peakOpenFiles: 300, peakRssBytes: 2e6, threads: [{ name: "main", utilization: 0.4 }] };
    expect(told({}, { ...unlimited, result: { process } })).toContain(
      "It took 300 open files at most, 100 connections opened in all and 2.00 MB of memory.",
    );
    expect(told({ connectionsOpened: null }, unlimited)).toContain("It took 1.00 MB of memory.");
    expect(told({})).not.toContain("It took");
  });

  test("is told with the connections that the server broke off", () => {
    const server = { ...SERVER, connections: 100, refused: 5 };
    expect(told({ server }, { mock: { maxConnections: 100 } })).toContain(
      "It took 105 connections opened in all and 1.00 MB of memory. The server, which holds 100 at once, broke off 5 more.",
    );
    // Where they are the limit, that has been said.
    expect(told({ server: { ...server, refused: 801 } })).not.toContain("The server, which holds");
  });
});

describe("requests that did not end well", () => {
  test("are told by how they ended, and what their attempts met, the most frequent first", () => {
    const ends = { degraded: 2, failed: 3, byError: { timeout: 3, reset: 5 }, byStatus: { 200: 9, 300: 2, 503: 4, 299: 7 } };
    const ledger = { ...base.ledger, scheduled: 4000, processed: 3000, rejected: 4, dropped: { newest: 1, oldest: 0 }, unfinished: 6 };
    expect(told(ends, { result: { ledger } })).toEndWith(
      "2 got something else instead, 3 failed (attempts that went wrong: reset 5×, 503 4×, timeout 3×), 4 could not be asked for, being no addresses, 1 was dropped because the queue was full, 6 were still undone at the end.",
    );
    expect(told({ failed: 1 })).toEndWith("1 failed.");
  });
});
