import { z } from "zod";
import { suggestion } from "../kernel/spelling.ts";
import { parseDuration, parseNumber, parseSize } from "../kernel/units.ts";

/**
 * Building blocks of the scenario schema: each parses what people write and states its rule in one sentence. Those of HTTP are in
 * header-scalars.ts, those of thresholds and hypotheses in rule-scalars.ts.
 */

type JsonSchema = Readonly<Record<string, unknown>>;

/** A scalar with its rule, its JSON schema and its parser, which returns null for an invalid value. `words`: candidates for a suggestion. */
export function scalar<T>(rule: string, json: JsonSchema, parse: (value: unknown) => T | null, words: readonly string[] = []) {
  return z
    .unknown()
    .transform((value, context): T => {
      const parsed = value === undefined ? null : parse(value);
      if (parsed !== null) return parsed;
      context.issues.push({
        code: "custom",
        message: value === undefined ? `is required and ${rule}` : rule + meant(value, words),
        input: value,
      });
      return z.NEVER;
    })
    .meta({ ...json, ruleInWords: rule });
}

/** `; did you mean "x"?` for the first word that is not allowed, or "". */
function meant(value: unknown, words: readonly string[]): string {
  if (typeof value === "string") return words.includes(value) ? `; did you mean [${value}]?` : suggestion(value, words);
  const odd = Array.isArray(value) ? value.find((word) => typeof word === "string" && !words.includes(word)) : undefined;
  return typeof odd === "string" ? suggestion(odd, words) : "";
}

const LONGEST_ARGUMENT = 100_000;
const DURATION_PATTERN = "^([0-9][0-9_]*(\\.[0-9]+)?(us|µs|ms|s|m|h|d))+$";
const SIZE_PATTERN = "^[0-9][0-9_]*(\\.[0-9]+)?(B|KB|MB|GB)$";
const COUNT_PATTERN = "^[0-9][0-9_]*$";
const MAX_DURATION = 30 * 86400e6;

/** A duration greater than 0, in microseconds. */
export const duration = () =>
  scalar(
    "must be a duration greater than 0, such as 500us, 5ms, 1.5s or 2m (at most 30d)",
    { type: "string", pattern: DURATION_PATTERN, examples: ["500us", "5ms", "1.5s", "2m"] },
    (value) => {
      const micros = parseDuration(value);
      return micros !== null && micros > 0 && micros <= MAX_DURATION ? micros : null;
    },
  );

/** A duration of 0 or more, in microseconds. */
export const delay = () =>
  scalar(
    "must be a duration of 0 or more, such as 0ms, 500us, 5ms or 1.5s (at most 30d)",
    { anyOf: [{ type: "string", pattern: DURATION_PATTERN }, { const: 0 }], examples: ["0ms", "5ms"] },
    (value) => {
      const micros = parseDuration(value);
      return micros !== null && micros <= MAX_DURATION ? micros : null;
    },
  );

/** A size in bytes greater than 0. */
export const size = () =>
  scalar("must be a size greater than 0, such as 64B, 2KB or 1GB", { type: "string", pattern: SIZE_PATTERN }, (value) => {
    const bytes = parseSize(value);
    return bytes !== null && bytes > 0 ? bytes : null;
  });

/** A size in bytes from 0 to `max`. */
export const sizeUpTo = (max: number, words: string) =>
  scalar(
    `must be a size from 0B to ${words}, such as 64B or 2KB`,
    { anyOf: [{ type: "string", pattern: SIZE_PATTERN }, { const: 0 }] },
    (value) => {
      const bytes = parseSize(value);
      return bytes !== null && bytes <= max ? bytes : null;
    },
  );

/** A whole number from `min` to `max`. */
export const count = (max = 1e9, min = 1) =>
  scalar(
    min === 1 && max === 1e9 ? "must be a whole number greater than 0" : `must be a whole number from ${min} to ${max}`,
    {
      anyOf: [
        { type: "integer", minimum: min, maximum: max },
        { type: "string", pattern: COUNT_PATTERN },
      ],
    },
    (value) => {
      const number = parseNumber(value);
      return number !== null && Number.isSafeInteger(number) && number >= min && number <= max ? number : null;
    },
  );

/** A finite number greater than 0. */
export const positive = (max = 1e9) =>
  scalar(
    `must be a number greater than 0 (at most ${max})`,
    {
      anyOf: [
        { type: "number", exclusiveMinimum: 0, maximum: max },
        { type: "string", pattern: COUNT_PATTERN },
      ],
    },
    (value) => {
      const number = parseNumber(value);
      return number !== null && number > 0 && number <= max ? number : null;
    },
  );

/** A finite number of 0 or more. */
export const nonNegative = (max = 1e9) =>
  scalar(`must be a number from 0 to ${max}`, { type: "number", minimum: 0, maximum: max }, (value) => {
    const number = parseNumber(value);
    return number !== null && number >= 0 && number <= max ? number : null;
  });

/** A share from 0 to 1. */
export const share = () =>
  scalar("must be a share from 0 to 1", { type: "number", minimum: 0, maximum: 1 }, (value) =>
    typeof value === "number" && value >= 0 && value <= 1 ? value : null,
  );

/** A share between 0 and 1, both excluded. */
export const openShare = () =>
  scalar("must be a share between 0 and 1", { type: "number", exclusiveMinimum: 0, exclusiveMaximum: 1 }, (value) =>
    typeof value === "number" && value > 0 && value < 1 ? value : null,
  );

/** A share from 0 to 1, or one of the words. */
export const shareOr = <const W extends readonly string[]>(...words: W) =>
  scalar<number | W[number]>(
    `must be one of ${words.join(", ")}, or a share from 0 to 1`,
    { anyOf: [{ type: "number", minimum: 0, maximum: 1 }, { enum: words }] },
    (value) => {
      if (words.includes(value as string)) return value as W[number];
      return typeof value === "number" && value >= 0 && value <= 1 ? value : null;
    },
    words,
  );

/** `true` or `false`. */
export const flag = () => scalar("must be true or false", { type: "boolean" }, (value) => (typeof value === "boolean" ? value : null));

/** `false`, or a map of settings. */
export const off = <S extends z.ZodObject>(how: S) =>
  z.union([z.literal(false), how], { error: "must be false, or a map of its settings" });

/** Arrivals per time unit: a number, `max`, or a percentage of the measured capacity. */
export const rate = () =>
  scalar<number | string>(
    "must be a number greater than 0 (at most 1000000000), `max`, or a percentage such as 80% (at most 1000%)",
    {
      anyOf: [
        { type: "number", exclusiveMinimum: 0 },
        { type: "string", pattern: `${COUNT_PATTERN}|^max$|^[0-9]+(\\.[0-9]+)?%$` },
      ],
    },
    (value) => {
      if (value === "max") return "max";
      const percent = typeof value === "string" && /^\d+(\.\d+)?%$/.test(value) ? Number.parseFloat(value) : null;
      if (percent !== null) return percent > 0 && percent <= 1000 ? String(value) : null;
      const number = parseNumber(value);
      return number !== null && number > 0 && number <= 1e9 ? number : null;
    },
    ["max"],
  );

/** A whole number from 1 to `max`, or the word. */
export const countOr = <W extends string>(word: W, max = 1e9) =>
  scalar<number | W>(
    `must be a whole number from 1 to ${max}, or \`${word}\``,
    { anyOf: [{ type: "integer", minimum: 1, maximum: max }, { type: "string", pattern: COUNT_PATTERN }, { const: word }] },
    (value) => {
      if (value === word) return word;
      const number = parseNumber(value);
      return number !== null && Number.isSafeInteger(number) && number >= 1 && number <= max ? number : null;
    },
    [word],
  );

/** One of the words. */
export const oneOf = <const W extends readonly string[]>(...words: W) =>
  scalar<W[number]>(
    `must be one of ${words.join(", ")}`,
    { enum: words },
    (value) => (words.includes(value as string) ? (value as W[number]) : null),
    words,
  );

/** Text of 1 to `max` characters. */
export const text = (max: number) =>
  scalar(`must be text of 1 to ${max} characters`, { type: "string", minLength: 1, maxLength: max }, (value) =>
    typeof value === "string" && value.trim() !== "" && value.length <= max ? value : null,
  );

/** Text of at most `max` characters, possibly empty. */
export const anyText = (max: number) =>
  scalar(`must be text of at most ${max} characters`, { type: "string", maxLength: max }, (value) =>
    typeof value === "string" && value.length <= max ? value : null,
  );

/** A list of one or more of the words, without repetition. */
export const listOf = <const W extends readonly string[]>(...words: W) =>
  scalar<readonly W[number][]>(
    `must be a list of one or more of ${words.join(", ")}, none twice`,
    { type: "array", items: { enum: words }, minItems: 1, uniqueItems: true },
    (value) => {
      if (!Array.isArray(value) || value.length === 0 || new Set(value).size !== value.length) return null;
      return value.every((word) => words.includes(word)) ? (value as W[number][]) : null;
    },
    words,
  );

/** `env NAME`: the name of a variable of the environment, in place of a secret. */
export const fromEnvironment = () =>
  scalar(
    "must be `env NAME`, which names a variable of the environment and is no secret itself",
    { type: "string", pattern: "^env +[A-Za-z_][A-Za-z0-9_]*$", examples: ["env API_TOKEN"] },
    (value) => (typeof value === "string" ? (/^env +([A-Za-z_][A-Za-z0-9_]*)$/.exec(value)?.[1] ?? null) : null),
  );

export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** A list of one or more texts. */
export const textList = (max: number) =>
  scalar<readonly string[]>(
    `must be a list of one or more texts of 1 to ${max} characters`,
    { type: "array", items: { type: "string", minLength: 1, maxLength: max }, minItems: 1 },
    (value) => {
      if (!Array.isArray(value) || value.length === 0) return null;
      const fits = (one: unknown) => typeof one === "string" && one.trim() !== "" && one.length <= max;
      return value.every(fits) ? (value as string[]) : null;
    },
  );

/** A program and its arguments, which may be empty. */
export const programCall = () =>
  scalar<readonly string[]>(
    'must be a list of a program and its arguments, such as ["python3", "./score.py"]',
    { type: "array", items: { type: "string", maxLength: LONGEST_ARGUMENT }, minItems: 1 },
    (value) => {
      if (!Array.isArray(value) || typeof value[0] !== "string" || value[0].trim() === "") return null;
      const fits = (one: unknown) => typeof one === "string" && one.length <= LONGEST_ARGUMENT && !one.includes("\0");
      return value.every(fits) ? (value as string[]) : null;
    },
  );

/** One value for both ends, or `{ min, max }` with min ≤ max. */
export const range = (rule: string, parse: (value: unknown) => number | null, json: JsonSchema) =>
  scalar<Bounds>(
    `must be ${rule}, or a range { min, max } of them with min ≤ max`,
    {
      anyOf: [
        json,
        {
          type: "object",
          properties: { min: { ...json, description: "The least." }, max: { ...json, description: "The most." } },
          required: ["min", "max"],
          additionalProperties: false,
        },
      ],
    },
    (value) => {
      const single = parse(value);
      if (single !== null) return { min: single, max: single };
      if (typeof value !== "object" || value === null || Object.keys(value).some((key) => key !== "min" && key !== "max")) return null;
      const min = parse((value as Partial<Record<"min", unknown>>).min);
      const max = parse((value as Partial<Record<"max", unknown>>).max);
      return min !== null && max !== null && min <= max ? { min, max } : null;
    },
  );

export const delayRange = () =>
  range(
    "a duration of 0 or more",
    (value) => {
      const micros = parseDuration(value);
      return micros !== null && micros <= MAX_DURATION ? micros : null;
    },
    { anyOf: [{ type: "string", pattern: DURATION_PATTERN }, { const: 0 }] },
  );

export const countRange = (max: number) =>
  range(
    `a whole number from 1 to ${max}`,
    (value) => {
      const number = parseNumber(value);
      return number !== null && Number.isSafeInteger(number) && number >= 1 && number <= max ? number : null;
    },
    { type: "integer", minimum: 1, maximum: max },
  );
