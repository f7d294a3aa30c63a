import { z } from "zod";
import type { Path } from "../kernel/plain-value.ts";
import { suggestion } from "../kernel/spelling.ts";
import { DEFAULT_EXECUTOR, scenarioSchema } from "./schema.ts";

/** The fields of the schema, by path. */

interface JsonNode {
  readonly properties?: Readonly<Record<string, JsonNode>>;
  readonly oneOf?: readonly JsonNode[];
  readonly anyOf?: readonly JsonNode[];
  readonly items?: JsonNode;
  readonly additionalProperties?: JsonNode | boolean;
  readonly const?: unknown;
}

let jsonSchema: JsonNode | null = null;

/** The keys that the schema allows at a path. `value`: what is there; in `load` its executor decides. */
export function knownKeys(path: Path, value: unknown): string[] {
  jsonSchema ??= z.toJSONSchema(scenarioSchema, { io: "input", unrepresentable: "any" }) as JsonNode;
  let nodes: JsonNode[] = [jsonSchema];
  for (const part of path) {
    nodes = nodes.flatMap((node) => child(node, String(part))).flatMap((node) => [node, ...(node.oneOf ?? []), ...(node.anyOf ?? [])]);
  }
  const executor = typeof value === "object" && value !== null ? (value as Record<string, unknown>)["executor"] : DEFAULT_EXECUTOR;
  const fits = ({ properties }: JsonNode) =>
    properties !== undefined && (properties["executor"] === undefined || properties["executor"].const === executor);
  const fitting = nodes.filter(fits);
  return [...new Set((fitting.length > 0 ? fitting : nodes).flatMap((node) => Object.keys(node.properties ?? {})))];
}

function child(node: JsonNode, key: string): JsonNode[] {
  const found = node.properties?.[key];
  if (found !== undefined) return [found];
  if (node.items !== undefined && /^\d+$/.test(key)) return [node.items];
  return typeof node.additionalProperties === "object" ? [node.additionalProperties] : [];
}

/** A hint for a path that is not in the schema, possibly empty; null if it is. */
export function firstUnknown(parts: readonly string[], root: unknown): string | null {
  let value: unknown = root;
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] ?? "";
    const known = knownKeys(parts.slice(0, i), value);
    if (!known.includes(part)) return suggestion(part, known);
    value = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[part] : undefined;
  }
  return null;
}
