import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { firstUnknown } from "../../../src/scenario/known-fields.ts";
import { MODES } from "../../../src/scenario/schema.ts";
import { DIAGRAMS } from "../../../src/views/report/diagram.ts";
import { ROOT } from "../../support/cli.ts";
import { caseResult } from "../../support/results.ts";

describe.each(MODES)("the diagram of %s", (mode) => {
  const text = DIAGRAMS[mode];

  test("fits a terminal of 80 × 24 with a line to spare", () => {
    const lines = text.trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(22);
    for (const line of lines) expect([line, Bun.stringWidth(line) <= 78]).toEqual([line, true]);
  });

  test("names fields as the schema does, and every setting that decides where a message waits there", () => {
    // A name may go on in the next line of its column.
    const fields = [...text.matchAll(/\b(source|queue|batch|async|parallel|distributed|work|keys|loop|queries)\.([a-zA-Z]+)\b/g)].map(
      ([field]) => field,
    );
    for (const field of fields) expect([field, firstUnknown(field.split("."), {})]).toEqual([field, null]);
    const deciding = {
      sync: ["source.latency", "work.time", "work.perBatch"],
      async: [
        "source.latency",
        "queue.capacity",
        "queue.overflow",
        "batch.size",
        "batch.timeout",
        "async.concurrency",
        "async.offload",
        "work.time",
      ],
      parallel: ["queue.capacity", "queue.overflow", "batch.size", "batch.timeout", "async.concurrency", "parallel.workers"],
      distributed: [
        "queue.capacity",
        "queue.overflow",
        "distributed.partitions",
        "distributed.batch",
        "distributed.workers",
        "distributed.claimAfter",
        "async.concurrency",
      ],
    }[mode];
    expect(fields).toEqual(expect.arrayContaining(deciding));
  });

  test("splits the sojourn time into the parts that a result has, and names none it has not", () => {
    const { latency, ledger } = caseResult({ mode });
    const parts = ["schedule", "queue", "batch", "service", "sojourn"] as const;
    for (const part of parts) expect([Object.hasOwn(latency, part), text.includes(part)]).toEqual([true, true]);
    for (const word of ["processed", "failed", "unfinished", "dropped"] as const)
      if (text.includes(word)) expect(Object.hasOwn(ledger, word)).toBe(true);
  });

  test("stands in the README as it is", () => {
    expect(readFileSync(join(ROOT, "README.md"), "utf8")).toContain(text);
  });
});
