import { resolve } from "node:path";
import type { Command } from "commander";
import { UserError } from "../kernel/problem.ts";
import { collected } from "./command.ts";

/** Flags of `fetch` about requests and expected responses. */
export interface RequestFlags {
  readonly request?: string;
  readonly head?: boolean;
  readonly header?: readonly string[];
  readonly data?: string;
  readonly dataFile?: string;
  readonly dataRows?: string;
  readonly contentType?: string;
  readonly idempotent?: boolean;
  readonly idempotencyKey?: string;
  readonly bearerEnv?: string;
  readonly basicEnv?: string;
  readonly cookies?: boolean;
  readonly expectStatus?: string;
  readonly expectBody?: string;
  readonly maxBytes?: string;
}

/** Named as in curl and hey, where those have them. */
export function withRequestFlags(command: Command): Command {
  return command
    .option("-X, --request <method>", "GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS (default: POST with a body, else GET)")
    .option("-I, --head", "the method HEAD")
    .option("-H, --header <line>", "'Name: value' (repeatable); a name in braces behind a dollar sign is of the environment", collected)
    .option(
      "--data <text>",
      "a body; @FILE: what a file holds; {{number}}, {{key}}, {{seed}}, {{random}} and {{url}} are each request's own",
    )
    .option("-D, --data-file <file>", "a body that a file holds, as it is")
    .option("--data-rows <file>", "bodies that the lines of a file hold, in turn (NDJSON)")
    .option("-T, --content-type <type>", "Content-Type of the body")
    .option("--idempotent", "POST and PATCH may be sent twice")
    .option("--idempotency-key <name>", "a header field with a key for each request, such as Idempotency-Key")
    .option("--bearer-env <name>", "the variable of the environment that holds a bearer token")
    .option("--basic-env <user:password>", "the variables of the environment that hold user and password, such as API_USER:API_PASSWORD")
    .option("--cookies", "cookies that servers set are sent back to them")
    .option("--expect-status <statuses>", "statuses that are as they should be, such as 200,300-399")
    .option("--expect-body <text>", "a text that every body has to hold")
    .option("--max-bytes <size>", "the most that a body may have, such as 1MB");
}

/** Fields of a scenario's `fetch` from the flags, in the order of reading. */
export function requestFields(flags: RequestFlags): Readonly<Record<string, unknown>> {
  const body = bodyOf(flags);
  const method = flags.head === true ? "HEAD" : (flags.request ?? (body === undefined ? undefined : "POST"));
  if (flags.head === true && flags.request !== undefined)
    throw new UserError("--head: must not stand beside --request, which names another method");
  const expect = present({
    status: flags.expectStatus?.split(",").map(numberOr),
    bodyContains: flags.expectBody,
    maxBytes: flags.maxBytes,
  });
  return present({
    method,
    headers: headersOf(flags.header),
    body,
    auth: authOf(flags),
    idempotent: flags.idempotent,
    idempotencyKey: flags.idempotencyKey,
    cookies: flags.cookies,
    expect: Object.keys(expect).length === 0 ? undefined : expect,
  });
}

function bodyOf({ data, dataFile, dataRows, contentType }: RequestFlags): unknown {
  const given = Object.entries({ "--data": data, "--data-file": dataFile, "--data-rows": dataRows }).filter(
    ([, value]) => value !== undefined,
  );
  const [first, second] = given.map(([flag]) => flag);
  if (second !== undefined) throw new UserError(`${second}: must not stand beside ${first}: there is one body`);
  if (first === undefined) {
    if (contentType !== undefined) throw new UserError("--content-type: needs a body: --data, --data-file or --data-rows");
    return undefined;
  }
  return present({
    template: data === undefined || data.startsWith("@") || !data.includes("{{") ? undefined : data,
    text: data === undefined || data.startsWith("@") || data.includes("{{") ? undefined : data,
    file: dataFile === undefined ? (data?.startsWith("@") === true ? resolve(data.slice(1)) : undefined) : resolve(dataFile),
    rows: dataRows === undefined ? undefined : resolve(dataRows),
    type: contentType,
  });
}

/** Joins several lines of one name (RFC 9110, 5.3). Values may be secret, so no message contains them. */
function headersOf(lines: readonly string[] | undefined): Readonly<Record<string, string>> | undefined {
  if (lines === undefined) return undefined;
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const at = line.indexOf(":");
    if (at < 1) throw new UserError("--header: must be a name and a value such as 'Accept: image/webp'");
    const name = line.slice(0, at).trim();
    const value = line.slice(at + 1).trim();
    const said = Object.keys(headers).find((one) => one.toLowerCase() === name.toLowerCase()) ?? name;
    headers[said] = headers[said] === undefined ? value : `${headers[said]}, ${value}`;
  }
  return headers;
}

function authOf({ bearerEnv, basicEnv }: RequestFlags): unknown {
  if (bearerEnv === undefined && basicEnv === undefined) return undefined;
  if (basicEnv === undefined) return { bearer: `env ${bearerEnv}` };
  const [user = "", password = "", more] = basicEnv.split(":");
  if (user === "" || password === "" || more !== undefined)
    throw new UserError("--basic-env: must be the names of two variables of the environment such as API_USER:API_PASSWORD");
  return present({
    bearer: bearerEnv === undefined ? undefined : `env ${bearerEnv}`,
    basic: { user: `env ${user}`, password: `env ${password}` },
  });
}

function numberOr(text: string): number | string {
  return /^\d+$/.test(text.trim()) ? Number(text) : text.trim();
}

function present(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
