import type { Path } from "../../kernel/plain-value.ts";
import type { FetchSettings } from "../fetch-schema.ts";
import { fill, isJson, isJsonType, isTemplate, parseTemplate, sampleOf } from "../template.ts";
import type { SemanticProblem } from "./semantic-problem.ts";

/** Conflicts between the fields of a request's content. */
export function requestMisfits({ method, body, headers, auth, expect, cookies, idempotencyKey }: FetchSettings): SemanticProblem[] {
  const problems: SemanticProblem[] = [];
  const named = Object.keys(headers).map((name) => name.toLowerCase());
  if (body !== undefined && (method === "GET" || method === "HEAD")) {
    problems.push({ path: ["fetch", "body"], message: `must not stand beside fetch.method ${method}, which has no body (RFC 9110, 9.3)` });
  }
  if (typeof body === "object") problems.push(...bodyMisfits(body, named));
  if (expect?.bodyContains !== undefined && method === "HEAD") {
    problems.push({
      path: ["fetch", "expect", "bodyContains"],
      message: "must not stand beside fetch.method HEAD: its answers have no body",
    });
  }
  if (cookies && named.includes("cookie")) {
    problems.push({ path: ["fetch", "cookies"], message: "must not stand beside a Cookie in fetch.headers: what servers set is sent" });
  }
  if (auth !== undefined && (auth.bearer === undefined) === (auth.basic === undefined)) {
    problems.push({ path: ["fetch", "auth"], message: "must have one of bearer and basic" });
  }
  if (auth !== undefined && named.includes("authorization")) {
    problems.push({ path: ["fetch", "auth"], message: "must not stand beside an Authorization in fetch.headers" });
  }
  if (idempotencyKey !== undefined && named.includes(idempotencyKey.toLowerCase())) {
    problems.push({ path: ["fetch", "idempotencyKey"], message: "must not stand in fetch.headers too: each item has a key of its own" });
  }
  return problems;
}

const SOURCES = ["text", "template", "file", "rows"] as const;

function bodyMisfits(body: Exclude<FetchSettings["body"], string | undefined>, headers: readonly string[]): SemanticProblem[] {
  const path: Path = ["fetch", "body"];
  const problems: SemanticProblem[] = [];
  const [first, second] = SOURCES.filter((source) => body[source] !== undefined);
  if (first === undefined) problems.push({ path, message: `must have one of ${SOURCES.join(", ")}` });
  if (second !== undefined)
    problems.push({ path: [...path, second], message: `must not stand beside fetch.body.${first}: there is one body` });
  if (body.type !== undefined && headers.includes("content-type")) {
    problems.push({ path: [...path, "type"], message: "must not stand beside a Content-Type in fetch.headers" });
  }
  if (body.template !== undefined) problems.push(...templateMisfits([...path, "template"], body.template, body.type));
  return problems;
}

function templateMisfits(path: Path, text: string, type: string | undefined): SemanticProblem[] {
  const template = parseTemplate(text);
  if (!isTemplate(template)) return [{ path, message: template.problem, within: template }];
  if (type === undefined || !isJsonType(type) || isJson(fill(template, sampleOf, true))) return [];
  return [
    { path, message: "must be JSON once its placeholders are filled in, as fetch.body.type says; a body that is not stands under text" },
  ];
}
