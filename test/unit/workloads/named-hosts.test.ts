import { expect, test } from "bun:test";
import fc from "fast-check";
import { NamedHosts } from "../../../src/workloads/fetch/named-hosts.ts";
import { AttemptCounts, mergeReports } from "../../../src/workloads/fetch/report.ts";
import { rounds } from "../../support/campaign.ts";

test("threads agree on the hundred hosts that have figures of their own, in whatever order they meet them", () => {
  const order = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 160 })), { minLength: 300, maxLength: 600 });
  fc.assert(
    fc.property(order, (asked) => {
      const memory = NamedHosts.memory();
      const books = [0, 1, 2, 3].map(() => new AttemptCounts(new NamedHosts(memory)));
      const each = new Map<string, number>();
      for (const [thread, host] of asked) {
        books[thread]?.note(`h${host}:80`, 200, null, "first");
        each.set(`h${host}:80`, (each.get(`h${host}:80`) ?? 0) + 1);
      }
      const { byHost } = mergeReports(books.map(({ report }) => report));
      const rows = Object.entries(byHost).filter(([name]) => name !== "(others)");
      expect(rows.length).toBe(Math.min(100, each.size));
      for (const [name, { attempts }] of rows) expect([name, attempts]).toEqual([name, each.get(name) ?? 0]);
      expect(Object.values(byHost).reduce((sum, { attempts }) => sum + attempts, 0)).toBe(asked.length);
    }),
    { numRuns: rounds(20) },
  );
});
