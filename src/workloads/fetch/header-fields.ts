import type { FieldLines } from "../../http/field-lines.ts";
import type { FetchSettings } from "../../scenario/schema.ts";

export type Env = Readonly<Record<string, string | undefined>>;

/** `${NAME}`: an environment variable. */
const NAMED = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** Names in a text that are not set in the environment. */
export function unnamed(text: string, env: Env): string[] {
  return namesIn(text).filter((name) => env[name] === undefined);
}

/** A text with environment variables substituted. */
export function filled(text: string, env: Env): string {
  return text.replaceAll(NAMED, (_, name: string) => env[name] ?? "");
}

function namesIn(text: string): string[] {
  return [...new Set([...text.matchAll(NAMED)].map(([, name = ""]) => name))];
}

type Settings = Pick<FetchSettings, "headers" | "auth">;

/**
 * Header fields as they are sent. `Authorization`, `Cookie`, `Host` and values from the environment are secrets, and go to no origin that
 * only a redirect has named. Values from the environment must not contain line breaks.
 */
export function fieldLines({ headers, auth }: Settings, env: Env): FieldLines {
  const given = Object.entries(headers).map(([name, value]) => {
    const whole = filled(value, env);
    return { line: `${name}: ${whole.replaceAll(/[^\x20-\x7e\t]/g, "")}`, secret: whole !== value || isSecret(name) };
  });
  const who = credentials(auth, env);
  const all = given.map(({ line }) => line);
  return { all: who === null ? all : [...all, who], open: given.filter(({ secret }) => !secret).map(({ line }) => line) };
}

function isSecret(name: string): boolean {
  return /^(authorization|cookie|proxy-authorization|host)$/i.test(name);
}

function credentials(auth: Settings["auth"], env: Env): string | null {
  if (auth?.bearer !== undefined) return `Authorization: Bearer ${env[auth.bearer] ?? ""}`;
  if (auth?.basic === undefined) return null;
  const { user, password } = auth.basic;
  return `Authorization: Basic ${Buffer.from(`${env[user] ?? ""}:${env[password] ?? ""}`).toString("base64")}`;
}

/** Why a scenario's header fields cannot be built from this environment, as a sentence without any value; null: they can. */
export function environmentProblem({ headers, auth }: Settings, env: Env): string | null {
  const inHeaders = namesIn(Object.values(headers).join("\n"));
  const missing = inHeaders.filter((name) => env[name] === undefined);
  if (missing.length > 0) return `fetch.headers: the environment has no ${missing.join(", no ")}, which the headers name`;
  const unfit = inHeaders.find((name) => !FIT.test(env[name] ?? ""));
  if (unfit !== undefined) return `fetch.headers: ${unfit} of the environment ${UNFIT}`;
  const { bearer, basic } = auth ?? {};
  for (const [field, name] of Object.entries({ bearer, "basic.user": basic?.user, "basic.password": basic?.password })) {
    if (name === undefined) continue;
    const value = env[name];
    if (value === undefined) return `fetch.auth.${field}: the environment has no ${name}`;
    if (value === "") return `fetch.auth.${field}: ${name} of the environment is empty`;
    if (field === "bearer" && !FIT.test(value)) return `fetch.auth.${field}: ${name} of the environment ${UNFIT}`;
    if (field === "basic.user" && value.includes(":"))
      return `fetch.auth.${field}: ${name} of the environment holds a colon, which no user may have (RFC 7617, 2)`;
  }
  return null;
}

/** Valid characters of a header field. */
const FIT = /^[\x20-\x7e\t]*$/;
const UNFIT = "holds what no header field may: a line break, or a character beyond ASCII";

/** True for fields about the content, which go with it only (RFC 9110, 8). */
export function speaksOfContent(line: string): boolean {
  return /^content-(type|encoding|language|location):/i.test(line);
}

/** Lines without those of the given kind. */
export function without({ all, open }: FieldLines, kind: (line: string) => boolean): FieldLines {
  const others = (lines: readonly string[]) => lines.filter((line) => !kind(line));
  return { all: others(all), open: others(open) };
}
