import { fileProblem } from "../../kernel/file-problem.ts";
import { UserError } from "../../kernel/problem.ts";
import { printable, quoted } from "../../kernel/text.ts";
import { mockSchema } from "../../scenario/fetch-schema.ts";
import type { MockSettings } from "../../scenario/schema.ts";
import { TileServer } from "../../workloads/fetch/mock/server.ts";
import { wholeNumber } from "../flags.ts";
import { MOCK_FLAGS } from "../mock-flags.ts";
import { untilStopped } from "../signals.ts";

/** Flags of `serve tiles`: every field of a scenario's `fetch.target.mock`, as text. */
export interface TileFlags extends Readonly<Record<string, unknown>> {
  readonly port?: string;
  readonly seed?: string;
}

/** `lab-tui serve tiles`: runs the mock tile server alone until a stop signal. */
export async function serveTiles(flags: TileFlags): Promise<number> {
  const port = wholeNumber("--port", flags.port ?? "8001", 65_535);
  const seed = wholeNumber("--seed", flags.seed ?? "1", Number.MAX_SAFE_INTEGER);
  const settings = settingsOf(flags);
  const server = start(settings, seed, port);
  process.stdout.write(`tiles at http://127.0.0.1:${server.port}/{z}/{x}/{y}.png, what it saw at http://127.0.0.1:${server.port}/_stats\n`);
  const code = await untilStopped();
  const { requests, byStatus } = server.stats;
  server.stop();
  const statuses = Object.entries(byStatus).map(([status, count]) => `${status}: ${count}`);
  process.stdout.write(`${requests} requests${statuses.length > 0 ? ` (${statuses.join(", ")})` : ""}\n`);
  return code;
}

function start(settings: MockSettings, seed: number, port: number): TileServer {
  try {
    return new TileServer(settings, seed, port);
  } catch (error) {
    throw new UserError(`--port: port ${port} cannot be listened on: ${fileProblem(error)}`);
  }
}

function settingsOf(flags: TileFlags): MockSettings {
  const given: Record<string, unknown> = {};
  for (const [flag] of MOCK_FLAGS) {
    const field = camelCase(flag);
    const text = flags[field];
    if (typeof text === "string") given[field] = valueFrom(field, text);
  }
  const parsed = mockSchema.safeParse(given);
  const issue = parsed.error?.issues[0];
  if (parsed.success) return parsed.data;
  const field = String(issue?.path[0] ?? "");
  const flag = MOCK_FLAGS.find(([name]) => camelCase(name) === field)?.[0].split(" ")[0] ?? "serve tiles";
  throw new UserError(`${flag}: ${printable(issue?.message ?? "must be valid", 200)}, got ${quoted(flags[field])}`);
}

function valueFrom(field: string, text: string): unknown {
  if (field === "outages") {
    return text.split(",").map((one) => {
      const [at = "", span, more] = one.split("+");
      if (span === undefined || more !== undefined) {
        throw new UserError(`--outages: each must be when it begins + how long it lasts, such as 5s+3s, got ${quoted(one)}`);
      }
      return { at: at.trim(), for: span.trim() };
    });
  }
  const range = field === "latency" ? /^(.+)-(.+)$/.exec(text) : null;
  if (range !== null) return { min: range[1], max: range[2] };
  const number = Number(text);
  return text.trim() !== "" && Number.isFinite(number) && !["latency", "retryAfter"].includes(field) ? number : text;
}

function camelCase(flag: string): string {
  return (flag.split(" ")[0] ?? "").slice(2).replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
