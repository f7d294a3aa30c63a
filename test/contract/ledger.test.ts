import { expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { NO_ACCESS } from "../../src/engine/stage/fetch-stage.ts";
import { planCases } from "../../src/plan/plan.ts";
import { YamlFile } from "../../src/scenario/document.ts";
import { resolveScenario } from "../../src/scenario/load.ts";
import { patience, rounds } from "../support/campaign.ts";
import { runHere } from "../support/case.ts";
import { temporaryFolder } from "../support/cli.ts";
import { FickleServer, WHIMS, type Whim } from "../support/fickle-server.ts";

setDefaultTimeout(patience(60_000));

const folder = temporaryFolder();
let runs = 0;

const settings = fc.record({
  mode: fc.constantFrom("sync", "async", "async", "parallel"),
  max: fc.integer({ min: 1, max: 12 }),
  connections: fc.integer({ min: 1, max: 12 }),
  keepAlive: fc.boolean(),
  retries: fc.integer({ min: 0, max: 3 }),
  breaker: fc.constantFrom(false, { failureThreshold: 3, openFor: "20ms" }),
  rateLimit: fc.constantFrom(false, false, { initial: 400, min: 100, max: 1000 }),
  saves: fc.boolean(),
  stops: fc.constantFrom(false, false, false, true),
  window: fc.constantFrom("sliding", "waves"),
});

/** What each of two servers does, in turn: mostly well. */
const moods = fc.array(fc.oneof({ weight: 3, arbitrary: fc.constant<Whim>("well") }, { weight: 2, arbitrary: fc.constantFrom(...WHIMS) }), {
  minLength: 5,
  maxLength: 40,
});

const total = (counts: object): number => Object.values(counts).reduce((sum: number, count: number) => sum + count, 0);

test("whatever servers do and however they are asked: attempts are what servers heard, and every one came to one end", async () => {
  await fc.assert(
    fc.asyncProperty(settings, moods, moods, async (how, mood, other) => {
      const servers: FickleServer[] = [];
      for (const whims of [mood, other]) {
        const at = servers.length;
        servers.push(
          new FickleServer(
            (n) => whims[n % whims.length] ?? "well",
            () => servers[1 - at]?.url("/else") ?? "",
          ),
        );
      }
      const urls = Array.from({ length: 45 }, (_, i) => servers[i % 3 === 0 ? 1 : 0]?.url(`/${i}`));
      const log = join(folder, `log-${runs++}`);
      const fetch = {
        urls,
        timeout: "150ms",
        deadline: "2s",
        concurrency: { max: how.max, window: how.window },
        connections: { max: how.connections, keepAlive: how.keepAlive },
        retry: { max: how.retries, baseDelay: "1ms", maxDelay: "3ms" },
        circuitBreaker: how.breaker,
        rateLimit: how.rateLimit,
        ...(how.saves ? { saveTo: join(folder, `saved-${runs}`) } : {}),
        ...(how.stops ? { totalTimeout: "50ms" } : {}),
      };
      const whole = { title: "ledger", workload: "fetch", modes: [how.mode], parallel: { workers: 2 }, fetch };
      const { scenario } = resolveScenario(YamlFile.parse("ledger", JSON.stringify(whole)), join(folder, "ledger"));
      const [plan] = planCases([{ params: {}, scenario }], 2);
      if (plan === undefined) throw new Error("unreachable");
      const access = { ...NO_ACCESS, files: { ...NO_ACCESS.files, log } };
      const { result } = await runHere(plan, undefined, { access, http: 0, roundsPerMs: 1 });
      const { fetch: figures, checks, status } = result;
      for (const server of servers) server.stop();
      if (figures === undefined) throw new Error("unreachable");
      const { attempts, byStatus, byError, byHost, byCause = {} } = figures;
      expect(checks?.filter(({ ok }) => !ok)).toEqual([]);
      expect(status).toBe(how.stops ? status : "completed");
      const lines = readFileSync(log, "utf8").split("\n").length - 1;
      const hosts = Object.values(byHost).reduce((sum, host) => sum + host.attempts, 0);
      expect([total(byStatus) + total(byError), total(byCause), hosts, lines]).toEqual([attempts, attempts, attempts, attempts]);
      // One that is broken off may never have got to the server.
      const heard = servers.reduce((sum, server) => sum + server.heard, 0);
      const stalled = servers.reduce((sum, server) => sum + server.stalled, 0);
      const brokenOff = (byError["timeout"] ?? 0) + (byError["deadline"] ?? 0) + (byError["stopped"] ?? 0);
      expect(attempts).toBeWithin(heard, heard + Math.max(0, brokenOff - (how.stops ? 0 : stalled)) + 1);
      if (how.stops) return;
      for (const status of [404, 429, 500, 503]) {
        const answered = servers.reduce((sum, server) => sum + (server.byStatus.get(status) ?? 0), 0);
        expect([status, byStatus[status] ?? 0]).toEqual([status, answered]);
      }
    }),
    { numRuns: rounds(4) },
  );
});
