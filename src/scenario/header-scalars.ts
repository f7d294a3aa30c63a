import { z } from "zod";
import { type Bounds, scalar } from "./scalars.ts";

/** Building blocks of the scenario schema for HTTP. */

/** The version of HTTP of requests. */
export const httpVersion = () =>
  scalar<1 | 2>(
    "must be 1 (HTTP/1.1) or 2; HTTP/3 is an experiment of Bun's fetch alone, which tells nothing of its connections",
    { enum: [1, 1.1, 2] },
    (value) => (value === 1 || value === 1.1 ? 1 : value === 2 ? 2 : null),
  );

/** Field names (RFC 9110, 5.6.2), values on one line, and the fields that the client sends itself. */
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}$/;
const FIELD_VALUE = /^[\x20-\x7e\t]{0,4096}$/;
const OWN_FIELDS = ["connection", "content-length", "transfer-encoding", "x-correlation-id"];

/** The name of a header field that the client does not send itself. */
export const fieldName = () =>
  scalar(
    `must be the name of a header field, and none of ${OWN_FIELDS.join(", ")}`,
    { type: "string", pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", maxLength: 100 },
    (value) => (typeof value === "string" && FIELD_NAME.test(value) && !OWN_FIELDS.includes(value.toLowerCase()) ? value : null),
  );

/** A value of a header field that is not empty. */
export const fieldValue = () =>
  scalar("must be text in ASCII, on one line", { type: "string", minLength: 1, maxLength: 4096 }, (value) =>
    typeof value === "string" && value.trim() !== "" && FIELD_VALUE.test(value) ? value : null,
  );

/** Host and port as in a URL (RFC 3986, 3.2). */
const HOST = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]+)(:\d{1,5})?$/;
const FIELD_RULE = "must be text of at most 4096 ASCII characters, on one line";
const FIELDS_RULE = "must be a map of header names and their values";

/** The reason why a header field is not allowed; null if it is. `sent`: it is part of requests. */
function fieldProblem(name: string, value: unknown, sent: boolean): string | null {
  if (!FIELD_NAME.test(name)) return "must be the name of a header field (RFC 9110, 5.6.2)";
  if (!sent) return typeof value === "string" && FIELD_VALUE.test(value) ? null : FIELD_RULE;
  const own = name.toLowerCase();
  if (OWN_FIELDS.includes(own)) return "must not be set: the lab says it by itself";
  if (typeof value !== "string" || !FIELD_VALUE.test(value)) return FIELD_RULE;
  return own === "host" && !HOST.test(value) ? "must be a host such as example.org or 127.0.0.1:8080" : null;
}

/** Header fields by name, of a request or (`sent`: false) of a response. Each problem is reported at its field. */
export const fields = (sent = true) =>
  z
    .unknown()
    .transform((value, context): Readonly<Record<string, string>> => {
      const found: Record<string, string> = {};
      if (typeof value !== "object" || value === null || Array.isArray(value)) {
        context.issues.push({ code: "custom", message: FIELDS_RULE, input: value });
        return z.NEVER;
      }
      const seen = new Set<string>();
      for (const [name, given] of Object.entries(value)) {
        const text: unknown = typeof given === "number" ? String(given) : given;
        const twice = seen.has(name.toLowerCase()) ? "must not be given twice, in whatever case" : null;
        const problem = twice ?? fieldProblem(name, text, sent);
        if (problem !== null) context.issues.push({ code: "custom", message: problem, input: given, path: [name] });
        if (typeof text === "string") found[name] = text;
        seen.add(name.toLowerCase());
      }
      return found;
    })
    .meta({ type: "object", additionalProperties: { type: "string" }, ruleInWords: FIELDS_RULE });

/** Final statuses of a response (RFC 9110, 15), as ranges. */
export const statuses = () =>
  scalar<readonly Bounds[]>(
    "must be a status from 200 to 599, a range such as 200-299 or 4xx, or a list of these",
    {
      anyOf: [STATUS_JSON, { type: "array", items: STATUS_JSON, minItems: 1 }],
    },
    (value) => {
      const all = (Array.isArray(value) ? value : [value]).map(parseStatuses);
      return all.length > 0 && all.every((one) => one !== null) ? all : null;
    },
  );

const STATUS_JSON = {
  anyOf: [
    { type: "integer", minimum: 200, maximum: 599 },
    { type: "string", pattern: "^[2-5]([0-9]{2}(-[2-5][0-9]{2})?|xx)$" },
  ],
};

function parseStatuses(value: unknown): Bounds | null {
  const text = String(value);
  if (typeof value === "string" && /^[2-5]xx$/i.test(text)) return { min: Number(text[0]) * 100, max: Number(text[0]) * 100 + 99 };
  const [, from, to = from] = /^([2-5]\d\d)(?:-([2-5]\d\d))?$/.exec(text) ?? [];
  const range = { min: Number(from), max: Number(to) };
  return range.min <= range.max ? range : null;
}
