import type { FetchSettings } from "../fetch-schema.ts";
import type { Scenario } from "../schema.ts";
import { requestMisfits } from "./request.ts";
import { savingMisfits } from "./saving.ts";
import type { SemanticProblem } from "./semantic-problem.ts";
import { transportMisfits } from "./transport.ts";

/** Conflicts between the fields of `fetch`, and with the load, in a scenario of that workload. */
export function fetchMisfits({ fetch, load }: Scenario): SemanticProblem[] {
  const misfits = fetch === undefined ? [] : [...serverMisfits(fetch), ...policyMisfits(fetch)];
  if (load.executor !== "replay") return misfits;
  const message = "must not be replay, which is for messages: a list is fetch.urls or fetch.urlsFile";
  return [{ path: ["load", "executor"], message }, ...misfits];
}

/** Conflicts between servers and lists of addresses. */
function serverMisfits({ target, tiles, urls, urlsFile }: FetchSettings): SemanticProblem[] {
  const problems: SemanticProblem[] = [];
  const mock = target?.mock;
  const shares = mock === undefined ? 0 : mock.resetRate + mock.stallRate + mock.truncateRate + mock.slowRate + mock.errorRate;
  if (shares > 1 + 1e-9)
    problems.push({ path: ["fetch", "target", "mock"], message: "must not have shares (errorRate, resetRate, …) of more than 1 in all" });
  const lists = Object.entries({ tiles, urls, urlsFile }).filter(([, list]) => list !== undefined);
  const second = lists[1]?.[0];
  if (second !== undefined)
    problems.push({ path: ["fetch", second], message: `must not stand beside fetch.${lists[0]?.[0]}: there is one list` });
  if (target !== undefined && target.mock !== undefined && target.url !== undefined) {
    problems.push({ path: ["fetch", "target", "url"], message: "must not stand beside fetch.target.mock: there is one target" });
  }
  if (target?.url !== undefined) {
    const problem = targetProblem(target.url);
    if (problem !== null) problems.push({ path: ["fetch", "target", "url"], message: problem });
  }
  if (target?.urls !== undefined && (target.url ?? target.mock) !== undefined)
    problems.push({ path: ["fetch", "target", "urls"], message: "must not stand beside fetch.target.url or mock: there is one target" });
  (target?.urls ?? []).forEach((url, i) => {
    const problem = targetProblem(url);
    if (problem !== null) problems.push({ path: ["fetch", "target", "urls", i], message: problem });
  });
  (urls ?? []).forEach((url, i) => {
    if (!isAddress(url)) problems.push({ path: ["fetch", "urls", i], message: ADDRESS_RULE });
  });
  return problems;
}

/** Conflicts between limits, retries, fallback, transport and saving. */
function policyMisfits(fetch: FetchSettings): SemanticProblem[] {
  const problems: SemanticProblem[] = [];
  const { concurrency, retry, rateLimit } = fetch;
  if (concurrency.max !== "unlimited" && concurrency.min > concurrency.max) {
    problems.push({ path: ["fetch", "concurrency", "min"], message: "must not be more than fetch.concurrency.max" });
  }
  if (concurrency.window === "waves" && concurrency.adaptive !== "none") {
    problems.push({ path: ["fetch", "concurrency", "window"], message: "must be sliding where fetch.concurrency.adaptive is aimd" });
  }
  if (retry.baseDelay > retry.maxDelay) {
    problems.push({ path: ["fetch", "retry", "baseDelay"], message: "must not be longer than fetch.retry.maxDelay" });
  }
  if (rateLimit !== false && (rateLimit.min > rateLimit.initial || rateLimit.initial > rateLimit.max)) {
    problems.push({ path: ["fetch", "rateLimit", "initial"], message: "must lie between fetch.rateLimit.min and fetch.rateLimit.max" });
  }
  problems.push(...requestMisfits(fetch));
  if (fetch.fallback === "parent" && fetch.method !== "GET") {
    problems.push({ path: ["fetch", "fallback"], message: "must not be parent where fetch.method is not GET: a tile is what is got" });
  }
  problems.push(...transportMisfits(fetch));
  if (fetch.fallback === "stale" && fetch.saveTo === undefined) {
    problems.push({ path: ["fetch", "fallback"], message: "needs fetch.saveTo: a stale body is the one that was saved last" });
  }
  return [...problems, ...savingMisfits(fetch)];
}

const ADDRESS_RULE = "must be an http or https URL, or a tile such as 5/10/12";

function isAddress(text: string): boolean {
  if (/^\d{1,2}\/-?\d{1,9}\/-?\d{1,9}$/.test(text)) return true;
  return httpUrl(text) !== null;
}

/** The reason why a text cannot be a target; null if it can. */
function targetProblem(text: string): string | null {
  const filled = (number: string) => httpUrl(text.replaceAll(/\{(z|x|y|-y)\}/g, number));
  const url = filled("0");
  if (url === null || !/^https?:\/\/[^/\\]/i.test(text))
    return "must be an http or https URL, such as http://127.0.0.1:8001/{z}/{x}/{y}.png";
  if (/^[^/]*\/\/[^/\\?#]*\{/.test(text) || filled("1")?.origin !== url.origin) return "must name its host without placeholders";
  const unknown = /\{[^}]*\}/.exec(text.replaceAll(/\{(z|x|y|-y)\}/g, ""));
  return unknown === null ? null : "must have no placeholders but {z}, {x}, {y} and {-y}";
}

function httpUrl(text: string): URL | null {
  try {
    const url = new URL(text);
    return (url.protocol === "http:" || url.protocol === "https:") && url.hostname !== "" ? url : null;
  } catch {
    return null;
  }
}
