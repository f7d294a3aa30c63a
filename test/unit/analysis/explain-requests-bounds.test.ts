import { describe, expect, test } from "bun:test";
import { type RequestChange as Change, explainedRequests as explained, SERVER } from "../../support/explained-requests.ts";
import { caseResult, sample } from "../../support/results.ts";

const base = caseResult({ mode: "async" });

const places = (max: number | string, more: object = {}) => ({ concurrency: { max, ...more } });
const rates = (initial: number, max: number) => ({ rateLimit: { initial, min: 1, max } });
const crowd = (change: object) => ({
  series: Array.from({ length: 10 }, (_, i) =>
    sample(100 * (i + 1), { offered: 90, processed: 90, inFlight: 80, depth: 1, p50: 200, p99: 300, ...change }),
  ),
});
const clients = (vus: number) => ({ executor: "constant-vus", vus, duration: "10s" });

test("requests far from every limit have none", () => {
  expect(explained({})).toStartWith(
    "No single limit shows: 400 requests/s went through, 400/s × 50.0 ms = 20 in flight on average of 100 allowed, with a median sojourn time of 250 ms.",
  );
});

describe("a limit of requests is named from its bound on, and not before", () => {
  test.each<[string, string, Change, Change]>([
    ["most was saved already", "Most was there already", { figures: { resumed: 2001 } }, { figures: { resumed: 2000 } }],
    [
      "more than a tenth were told to come later",
      "The server's rate limit is the limit: 401 of 4.00 k attempts were answered 429",
      { figures: { rateLimited: 401 } },
      { figures: { rateLimited: 400 } },
    ],
    [
      "more than a fifth got no connection",
      "The server's connections are the limit",
      { figures: { server: { ...SERVER, refused: 801 } } },
      { figures: { server: { ...SERVER, refused: 800 } } },
    ],
    ["more than half failed", "What fails is the limit", { figures: { failed: 2001 } }, { figures: { failed: 2000 } }],
    [
      "more than half failed, as many of them by the breaker as may be",
      "What fails is the limit",
      { figures: { failed: 2001, refusedByBreaker: 800 } },
      { figures: { failed: 2001, refusedByBreaker: 801 } },
    ],
    [
      "the breaker refused more than a fifth",
      "What the server fails at is the limit: for it the open circuit breaker refused 801 of 4.00 k requests",
      { figures: { failed: 2001, refusedByBreaker: 801 } },
      { figures: { failed: 2000, refusedByBreaker: 800 } },
    ],
    ["there was one request", "One request is all there was", { figures: { requests: 1 } }, { figures: { requests: 2 } }],
    ["the loop computes nine tenths of the time", "The event loop is the limit", { main: 0.9 }, { main: 0.89 }],
    [
      "the loop computes, and something waits",
      "The event loop is the limit",
      { main: 0.95, queue: 12.5, sojourn: 60 },
      { main: 0.95, queue: 12.4, sojourn: 60 },
    ],
    [
      "all cores are used, and three requests at a time compute",
      "The cores are the limit",
      { took: 47.5, latency: "40ms", cores: [0.95, 0.95] },
      { took: 47.4, latency: "40ms", cores: [0.95, 0.95] },
    ],
    [
      "all cores are used, to the twentieth",
      "The cores are the limit",
      { took: 48, latency: "40ms", cores: [0.95, 0.95] },
      { took: 48, latency: "40ms", cores: [0.95, 0.94] },
    ],
    [
      "attempts take 1.15 times as long on cores that are used up",
      "The cores are the limit",
      { took: 116, latency: "100ms", cores: [0.95, 0.95] },
      { took: 114, latency: "100ms", cores: [0.95, 0.95] },
    ],
    [
      "attempts take 1.25 times as long, and three compute",
      "The cores are the limit",
      { took: 12.7, latency: "10ms", rate: 1112, cores: [0.9, 0.9] },
      { took: 12.7, latency: "10ms", rate: 1110, cores: [0.9, 0.9] },
    ],
    [
      "attempts take 1.3 times as long, and two compute",
      "The cores are the limit",
      { took: 13.2, latency: "10ms", rate: 626, cores: [0.9, 0.9] },
      { took: 13.1, latency: "10ms", rate: 640, cores: [0.9, 0.9] },
    ],
    [
      "attempts take 1.4 times as long, and more than one computes",
      "The cores are the limit",
      { took: 14.2, latency: "10ms", rate: 286, cores: [0.9, 0.9] },
      { took: 14.1, latency: "10ms", rate: 300, cores: [0.9, 0.9] },
    ],
    [
      "half of the attempt is computing",
      "Computing is the limit",
      { took: 20.2, latency: "10ms", cores: [0.5, 0.5] },
      { took: 20.1, latency: "10ms", cores: [0.5, 0.5] },
    ],
    [
      "nineteen twentieths of a fixed rate were sent",
      "The rate limit set for the client (fetch.rateLimit.max, 400/s) is the limit",
      { rate: 380, fetch: { ...places(100), ...rates(10, 400) } },
      { rate: 379, fetch: { ...places(100), ...rates(10, 400) } },
    ],
    [
      "a third of the time goes by waiting for the rate",
      "The client's own rate is the limit: it begins at 10/s",
      { rate: 100, figures: { turnMs: 15 }, fetch: { ...places(100), ...rates(10, 400) } },
      { rate: 100, figures: { turnMs: 14.9 }, fetch: { ...places(100), ...rates(10, 400) } },
    ],
    [
      "the wait for the rate is as long as that for a connection",
      "The client's own rate is the limit",
      { rate: 100, figures: { turnMs: 15, lineMs: 15 }, fetch: { ...places(100), ...rates(10, 400) } },
      { rate: 100, figures: { turnMs: 15, lineMs: 15.1 }, fetch: { ...places(100), ...rates(10, 400) } },
    ],
    [
      "the rate allows less than the connections, which do 2000 a second",
      "The client's own rate is the limit",
      { rate: 100, figures: { turnMs: 15 }, fetch: { ...places(100), ...rates(1999, 4000) } },
      { rate: 100, figures: { turnMs: 15 }, fetch: { ...places(100), ...rates(2000, 4000) } },
    ],
    [
      "the rate was cut below what the connections do, on average",
      "The server's rate limit is the limit: 100 requests/s went through.",
      { rate: 100, figures: { turnMs: 15, rateTurns: [2998, 1000] }, fetch: { ...places(100), ...rates(10, 4000) } },
      { rate: 100, figures: { turnMs: 15, rateTurns: [3000, 1000] }, fetch: { ...places(100), ...rates(10, 4000) } },
    ],
    [
      "a rate that begins at its most is below what the connections do",
      "The rate limit set for the client",
      { rate: 100, figures: { turnMs: 15 }, fetch: { ...places(100), ...rates(1999, 1999) } },
      { rate: 100, figures: { turnMs: 15 }, fetch: { ...places(100), ...rates(2000, 2000) } },
    ],
    [
      "a tenth varies within a wave",
      "Waves: a wave ends with its slowest request, so of 100 places 20 were in use",
      { took: 10, latency: "10ms", rate: 2000, slowest: 11, fetch: places(100, { window: "waves" }) },
      { took: 10, latency: "10ms", rate: 2000, slowest: 10.9, fetch: places(100, { window: "waves" }) },
    ],
    [
      "waves are of four fifths of the places",
      "Waves:",
      { took: 50, slowest: 90, figures: { peakConcurrency: 80 }, fetch: places(100, { window: "waves" }) },
      { took: 50, slowest: 90, figures: { peakConcurrency: 79 }, fetch: places(100, { window: "waves" }) },
    ],
    [
      "waves leave a twentieth of the places free",
      "Waves:",
      { rate: 1880, slowest: 90, fetch: places(100, { window: "waves" }) },
      { rate: 1900, slowest: 90, fetch: places(100, { window: "waves" }) },
    ],
    [
      "waves are waited for as long as a tenth of a request",
      "Waves:",
      { slowest: 90, queue: 5, fetch: places(100, { window: "waves" }) },
      { slowest: 90, queue: 4.9, fetch: places(100, { window: "waves" }) },
    ],
    [
      "waves are of two places, not of one",
      "Waves:",
      { rate: 30, slowest: 90, fetch: places(2, { window: "waves" }) },
      { rate: 15, slowest: 90, fetch: places(1, { window: "waves" }) },
    ],
    [
      "waves are as large as they may be",
      "Waves:",
      { slowest: 90, fetch: places(100, { window: "waves" }) },
      { slowest: 90, fetch: places(100, { window: "waves", adaptive: "aimd" }) },
    ],
    [
      "more than three attempts each",
      "What has to be tried again is the limit",
      { figures: { attempts: 12_001 } },
      { figures: { attempts: 12_000 } },
    ],
    ["hardly anything waits", "The arrivals are the limit", { queue: 12.4, sojourn: 60 }, { queue: 12.5, sojourn: 60 }],
    ["half take three times their own time", "The arrivals are the limit", { queue: 1, sojourn: 150 }, { queue: 1, sojourn: 150.1 }],
    [
      "half take three times their own time, which is without the wait for a connection",
      "The arrivals are the limit",
      { queue: 1, sojourn: 135, figures: { lineMs: 5 } },
      { queue: 1, sojourn: 135.1, figures: { lineMs: 5 } },
    ],
    [
      "half take a millisecond, however short they are",
      "The arrivals are the limit",
      { took: 0.1, latency: "0ms", queue: 0, sojourn: 1 },
      { took: 0.1, latency: "0ms", queue: 0, sojourn: 1.1 },
    ],
    [
      "nothing is left undone",
      "The arrivals are the limit",
      { queue: 1, sojourn: 60 },
      { queue: 1, sojourn: 60, result: { ledger: { ...base.ledger, scheduled: 4001, processed: 4000, unfinished: 1 } } },
    ],
    [
      "nothing is dropped",
      "The arrivals are the limit",
      { queue: 1, sojourn: 60 },
      {
        queue: 1,
        sojourn: 60,
        result: { ledger: { ...base.ledger, scheduled: 4001, processed: 4000, dropped: { newest: 1, oldest: 0 } } },
      },
    ],
    ["there are no more clients than places", "The clients are the limit: each of the 100", { load: clients(100) }, { load: clients(101) }],
    [
      "there are no more clients than connections, where all are used",
      "The clients are the limit",
      { rate: 800, load: clients(50), fetch: { ...places(100), connections: { max: 50 } } },
      { rate: 800, load: clients(51), fetch: { ...places(100), connections: { max: 50 } } },
    ],
    [
      "each client has one request of the list",
      "The list is the limit: its 4.00 k requests all were under way at once",
      { load: { executor: "shared-iterations", vus: 90, iterations: 90 } },
      { load: { executor: "shared-iterations", vus: 90, iterations: 91 } },
    ],
    [
      "clients of a list are fewer than places",
      "The clients are the limit: each of the 99",
      { load: { executor: "shared-iterations", vus: 99, iterations: 4000 } },
      { load: { executor: "shared-iterations", vus: 100, iterations: 4000 } },
    ],
    [
      "any number may be in flight, and connections are free",
      "Nothing limits the requests in flight: there were 99 at once",
      { figures: { peakConcurrency: 99 }, fetch: places("unlimited") },
      { figures: { peakConcurrency: 100 }, fetch: places("unlimited") },
    ],
    [
      "an adaptive limit leaves a tenth free",
      "The adaptive limit (fetch.concurrency.adaptive) is the limit",
      { rate: 1780, fetch: places(100, { adaptive: "aimd" }) },
      { rate: 1800, fetch: places(100, { adaptive: "aimd" }) },
    ],
    [
      "four fifths of the connections are in use",
      "The connections are the limit: there are 40 connections",
      { rate: 640, figures: { itemMs: 66, lineMs: 16 }, fetch: { ...places(100), connections: { max: 40 } } },
      { rate: 639, figures: { itemMs: 66, lineMs: 16 }, fetch: { ...places(100), connections: { max: 40 } } },
    ],
    [
      "a twentieth more are under way than there are connections",
      "The connections are the limit",
      { rate: 640, figures: { itemMs: 65.625, lineMs: 15 }, fetch: { ...places(100), connections: { max: 40 } } },
      { rate: 640, figures: { itemMs: 65.6, lineMs: 15 }, fetch: { ...places(100), connections: { max: 40 } } },
    ],
    ["four fifths of the places are in use", "Concurrency is the limit: 100 in flight on one loop", { rate: 1600 }, { rate: 1599 }],
    [
      "there are more requests than places",
      "Concurrency is the limit",
      { rate: 1600, figures: { requests: 101, ok: 101, sent: 101, attempts: 101 } },
      { rate: 1600, figures: { requests: 100, ok: 100, sent: 100, attempts: 100 } },
    ],
    [
      "four fifths of the places are taken at times",
      "Concurrency is the limit at times: for 1.00 s all 100 places were taken while up to 1 waited, 200 ms at the median",
      { result: crowd({}) },
      { result: crowd({ inFlight: 79 }) },
    ],
    ["one waits at times", "Concurrency is the limit at times", { result: crowd({}) }, { result: crowd({ depth: 0.9 }) }],
    ["as many come as are done then", "Concurrency is the limit at times", { result: crowd({}) }, { result: crowd({ offered: 89 }) }],
    [
      "what waits then waits for a connection",
      "The connections are the limit at times: for 1.00 s all 50 connections were in use",
      { result: crowd({}), figures: { turnMs: 1, lineMs: 1.1 }, fetch: { ...places(100), connections: { max: 50 } } },
      { result: crowd({}), figures: { turnMs: 1, lineMs: 1 }, fetch: { ...places(100), connections: { max: 50 } } },
    ],
    [
      "four fifths of the connections are in use then",
      "The connections are the limit at times",
      { result: crowd({ inFlight: 40 }), figures: { lineMs: 1 }, fetch: { ...places(100), connections: { max: 50 } } },
      { result: crowd({ inFlight: 39 }), figures: { lineMs: 1 }, fetch: { ...places(100), connections: { max: 50 } } },
    ],
  ])("%s", (_, sentence, at, before) => {
    expect(explained(at)).toStartWith(sentence);
    expect(explained(before)).not.toContain(sentence);
  });

  test("that fewer were under way than places is the end of a list, where it accounts for all of that", () => {
    const list = { executor: "shared-iterations", vus: 100, iterations: 4000 };
    const of = (rate: number, durationMs: number, load: object = list) => explained({ rate, load, result: { durationMs } });
    const ending = "in flight on average, fewer at the end of the list.";
    // 100 places for 2.05 s less 4000 × 50 ms are 5 s, a slowest item's 50 ms for each place.
    expect(of(1939, 2050)).toContain(`1.94 k requests/s went through, 97.0 ${ending}`);
    expect(of(1939, 2051)).not.toContain("end of the list");
    expect(of(1940, 2050)).not.toContain("end of the list");
    expect(of(1939, 2050, { executor: "once" })).not.toContain("end of the list");
  });

  test("where one thread asks one at a time it waits for arrivals a fifth of the time, or it is the limit", () => {
    const alone = (rate: number) => explained({ rate, queue: 1, sojourn: 60, result: { mode: "sync" } });
    expect(alone(15.9)).toStartWith(
      "The arrivals are the limit: 15.9 requests/s at 50.0 ms each kept the one thread waiting 80 % of the time.",
    );
    expect(alone(16)).toStartWith("One request at a time: each takes 50.0 ms with its attempts and waits, and 1 ÷ 50.0 ms is 20/s;");
  });
});

describe("what is said beside the limit", () => {
  const failing = (failures: readonly object[]) => explained({ figures: { failed: 3000 }, result: { failures } });

  test("what failed most, the first of several as frequent", () => {
    const text = failing([
      { reason: "timeout", count: 3 },
      { reason: "reset", count: 4 },
      { reason: "refused", count: 4 },
    ]);
    expect(text).toStartWith(
      'What fails is the limit: 3.00 k of 4.00 k requests did, 4 of them with "reset"; 400 requests/s went through.',
    );
    expect(failing([])).toStartWith("What fails is the limit: 3.00 k of 4.00 k requests did; 400 requests/s went through.");
  });

  test("more Workers help while a tenth of the cores is free", () => {
    expect(explained({ main: 0.9, cores: [0.9, 0.89] })).toContain("More Workers would help.");
    expect(explained({ main: 0.9, cores: [0.9, 0.9] })).toContain("More Workers would find no core free");
  });

  test("that more were sent than went through, from a fiftieth on", () => {
    expect(explained({ figures: { sent: 4080 } })).toContain(": 400 requests/s went through");
    expect(explained({ figures: { sent: 4088 } })).toContain(": 400 of 409 requests/s went through");
  });

  test("that they are under way, where more than a twentieth of them is in flight no longer", () => {
    expect(explained({ rate: 2000, took: 47.5, latency: "47500us", figures: { itemMs: 50 } })).toContain("100 in flight on average");
    expect(explained({ rate: 2000, took: 47, latency: "47ms", figures: { itemMs: 50 } })).toContain("100 under way on average");
  });

  test.each<[string, string, Change]>([
    ["more places, while connections are enough for twice as many", " A larger fetch.concurrency.max would help as long as", {}],
    ["more of both, where they are not", " Larger fetch.concurrency.max and fetch.connections.max would help", { took: 25.1 }],
    ["up to what the server holds", "would help up to the 101 connections that the server holds.", { mock: { maxConnections: 101 } }],
    ["up to what the server allows", "would help up to the 2.23 k/s that it allows.", { mock: { rateLimit: 2230 } }],
  ])("what helps: %s", (_, advice, change) => {
    expect(explained({ rate: 2000, took: 25, latency: "25ms", ...change, figures: { itemMs: 50, ...change.figures } })).toContain(advice);
  });

  test.each<[string, Change]>([
    ["the server holds no more", { mock: { maxConnections: 100 } }],
    ["the server allows no more", { mock: { rateLimit: 2222 } }],
    ["the server told some to come later", { figures: { rateLimited: 1 } }],
    ["it was away, and requests came again", { figures: { retries: 1 }, mock: { outages: [{ at: "1s", for: "1s" }] } }],
    ["larger waves would wait for their retries", { figures: { retries: 1 }, fetch: places(100, { window: "waves" }) }],
  ])("nothing helps where %s", (_, change) => {
    const text = explained({ rate: 2000, took: 25, latency: "25ms", ...change, figures: { itemMs: 50, ...change.figures } });
    expect(text).toStartWith("Concurrency is the limit");
    expect(text).not.toContain("would help");
  });
});
