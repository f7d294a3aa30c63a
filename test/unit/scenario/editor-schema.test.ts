import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { schemaText } from "../../../src/cli/commands/schema.ts";
import { NEVER_SWEPT } from "../../../src/scenario/editor-schema.ts";
import { firstUnknown, knownKeys } from "../../../src/scenario/known-fields.ts";
import { scenarioJsonSchema } from "../../../src/scenario/schema.ts";
import { THRESHOLD_METRICS } from "../../../src/telemetry/metrics.ts";
import { parseThreshold } from "../../../src/telemetry/threshold.ts";
import { ROOT } from "../../support/cli.ts";

const EXECUTORS = ["constant-arrival-rate", "ramping-arrival-rate", "bursts", "constant-vus", "shared-iterations", "replay"];

interface Node extends Readonly<Record<string, unknown>> {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly $ref?: string;
}

const schema = scenarioJsonSchema() as Node;
const { sweep, thresholds } = schema.properties as Record<"sweep" | "thresholds", Node>;

/** Where a pointer such as #/properties/work leads. */
function at(pointer: string): unknown {
  return pointer
    .slice(2)
    .split("/")
    .reduce<unknown>((node, part) => (node as Record<string, unknown>)[part], schema);
}

/** Every map's fields, wherever it stands. */
function fieldsOf(node: unknown, path: string): [path: string, field: Node][] {
  if (typeof node !== "object" || node === null) return [];
  const own = Object.entries((node as Node).properties ?? {}).map(([name, field]): [string, Node] => [`${path}.${name}`, field]);
  return [...own, ...Object.entries(node).flatMap(([name, inner]) => fieldsOf(inner, name === "properties" ? path : `${path}.${name}`))];
}

describe("the schema for editors", () => {
  test("is the one that is shipped", () => {
    expect(readFileSync(join(ROOT, "scenarios/scenario.schema.json"), "utf8")).toBe(schemaText());
  });

  test("says of every field what it is, in a sentence", () => {
    const fields = fieldsOf(schema, "");
    expect(fields.length).toBeGreaterThan(150);
    for (const [path, { description }] of fields) expect([path, description]).toEqual([path, expect.stringMatching(/^\S.{3,}[.]$/s)]);
  });

  test("knows the fields of a sweep: those that validate knows, each with what may stand there", () => {
    const paths = Object.keys(sweep.properties ?? {});
    // What `load` may hold depends on its executor.
    const loads = EXECUTORS.map((executor) => ({ load: { executor } }));
    for (const path of paths) expect([path, loads.some((root) => firstUnknown(path.split("."), root) === null)]).toEqual([path, true]);
    for (const known of ["load.rate", "batch.size", "work.time", "fetch.concurrency.max", "fetch.circuitBreaker.openFor", "flow.stages"])
      expect(paths).toContain(known);
    // All that validate knows, however deep.
    const walk = (path: string[], value: unknown): string[] =>
      knownKeys(path, value).flatMap((key) => {
        const inner = [...path, key];
        return NEVER_SWEPT.includes(inner[0] ?? "") ? [] : [inner.join("."), ...walk(inner, (value as Node | undefined)?.[key])];
      });
    for (const root of loads) expect(paths).toEqual(expect.arrayContaining(walk([], root)));
    for (const { items } of Object.values(sweep.properties ?? {}))
      for (const { $ref = "" } of items?.anyOf ?? [items ?? {}]) expect(at($ref)).toBeObject();
    expect(sweep["additionalProperties"]).toBe(false);
  });

  test("the pattern of a metric takes what validate takes, and nothing else", () => {
    expect(Object.keys(thresholds.properties ?? {})).toEqual([...THRESHOLD_METRICS]);
    const words = fc.constantFrom(
      "avg",
      "min",
      "max",
      "med",
      "count",
      "rate",
      "value",
      "p(99)",
      "p(99.9)",
      "p( 100 )",
      "p(101)",
      "p99",
      "p(5",
    );
    const numbers = fc.constantFrom("1", "-1.5", "2e3", "1_000", "1e-3", "", "x", ".5", "5ms", "1e");
    const texts = fc.tuple(
      fc.constantFrom("", " "),
      words,
      fc.constantFrom("<", "<=", ">", "==", "===", "!=", "!==", "=", "<>", ""),
      numbers,
    );
    fc.assert(
      fc.property(fc.constantFrom(...THRESHOLD_METRICS), texts, (metric, parts) => {
        const text = parts.join("");
        const { items } = thresholds.properties?.[metric] ?? {};
        const patterns = (items?.anyOf ?? []).map(({ pattern, properties }) => String(pattern ?? properties?.["threshold"]?.["pattern"]));
        expect(patterns).toHaveLength(2);
        for (const pattern of patterns)
          expect([text, new RegExp(pattern).test(text)]).toEqual([text, typeof parseThreshold(metric, text) === "object"]);
      }),
      { numRuns: 500 },
    );
  });
});
