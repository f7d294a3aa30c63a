import { THRESHOLD_METRICS, thresholdMetric } from "../telemetry/metrics.ts";
import { thresholdPattern } from "../telemetry/threshold.ts";

/** Lists the keys of maps with free names for editors: swept fields, metrics of thresholds. */

interface JsonNode extends Readonly<Record<string, unknown>> {
  readonly properties?: Readonly<Record<string, JsonNode>>;
  readonly oneOf?: readonly JsonNode[];
  readonly anyOf?: readonly JsonNode[];
  readonly items?: JsonNode;
  readonly additionalProperties?: JsonNode | boolean;
  readonly description?: string;
}

/** Parts that define what is run, not how: a sweep over them would compare nothing. */
export const NEVER_SWEPT: readonly string[] = [
  "title",
  "description",
  "hypothesis",
  "tags",
  "workload",
  "modes",
  "sweep",
  "thresholds",
  "expect",
];

/** The schema with the keys allowed in `sweep` and `thresholds`. */
export function withKnownNames(schema: Record<string, unknown>): Record<string, unknown> {
  const { properties = {} } = schema as JsonNode;
  const { sweep = {}, thresholds = {}, ...parts } = properties;
  return { ...schema, properties: { ...parts, sweep: sweepOf(parts, sweep), thresholds: thresholdsOf(thresholds) } };
}

/** Every field by its dotted path, with a list of its possible values. */
function sweepOf(parts: Readonly<Record<string, JsonNode>>, { propertyNames: _, ...sweep }: JsonNode): JsonNode {
  const places = new Map<string, { pointers: string[]; description: string | undefined }>();
  for (const [name, node] of Object.entries(parts)) {
    if (!NEVER_SWEPT.includes(name)) collect(node, name, `#/properties/${name}`, places);
  }
  const properties = Object.fromEntries(
    [...places].map(([path, { pointers, description }]): [string, JsonNode] => {
      const references = pointers.map((pointer) => ({ $ref: pointer }));
      const items = references.length === 1 ? (references[0] as JsonNode) : { anyOf: references };
      return [path, { type: "array", minItems: 1, uniqueItems: true, items, ...(description === undefined ? {} : { description }) }];
    }),
  );
  return { ...sweep, properties, additionalProperties: false };
}

/** Collects a field and all fields within it; of a field with several shapes, those of each. */
function collect(
  node: JsonNode,
  path: string,
  pointer: string,
  places: Map<string, { pointers: string[]; description: string | undefined }>,
): void {
  const place = places.get(path) ?? { pointers: [], description: node.description };
  place.pointers.push(pointer);
  places.set(path, place);
  within(node, path, pointer, places);
}

function within(node: JsonNode, path: string, pointer: string, places: Parameters<typeof collect>[3]): void {
  for (const [name, inner] of Object.entries(node.properties ?? {}))
    collect(inner, `${path}.${name}`, `${pointer}/properties/${name}`, places);
  for (const shape of ["oneOf", "anyOf"] as const) {
    for (const [i, inner] of (node[shape] ?? []).entries()) within(inner, path, `${pointer}/${shape}/${i}`, places);
  }
}

/** Every metric with the pattern of its expressions. */
function thresholdsOf({ propertyNames: _, additionalProperties: rules, ...thresholds }: JsonNode): JsonNode {
  if (typeof rules !== "object") return thresholds;
  const properties = Object.fromEntries(
    THRESHOLD_METRICS.map((metric): [string, JsonNode] => {
      const items = withPattern(rules.items ?? {}, thresholdPattern(metric));
      return [metric, { ...rules, description: thresholdMetric(metric).threshold.meaning, items }];
    }),
  );
  return { ...thresholds, properties, additionalProperties: false };
}

/** An expression, or the long form that contains one. */
function withPattern({ anyOf = [], ...rest }: JsonNode, pattern: string): JsonNode {
  return {
    ...rest,
    anyOf: anyOf.map((shape) => {
      const { threshold } = shape.properties ?? {};
      return threshold === undefined
        ? { ...shape, pattern }
        : { ...shape, properties: { ...shape.properties, threshold: { ...threshold, pattern } } };
    }),
  };
}
