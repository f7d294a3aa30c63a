import { hostname } from "node:os";
import { RedisWorker, type WorkerOptions } from "../../engine/worker/redis-worker.ts";
import { EXIT } from "../../kernel/exit.ts";
import { UserError } from "../../kernel/problem.ts";
import { RedisError } from "../../kernel/redis/error.ts";
import { printable, quoted } from "../../kernel/text.ts";
import { numberFrom } from "../flags.ts";
import type { StopSignals } from "../signals.ts";

export interface WorkerFlags {
  readonly redis?: string;
  readonly name?: string;
  readonly slots?: string;
  readonly allowModules?: boolean;
  readonly allowCommands?: boolean;
  readonly allowHost?: readonly string[];
}

const MOST_SLOTS = 256;

/** `lab-tui worker`: serves runs until a stop signal; at a second one it ends at once. */
export async function serveWorker(flags: WorkerFlags, signals: StopSignals): Promise<number> {
  const url = flags.redis ?? process.env["REDIS_URL"] ?? "";
  if (url === "") throw new UserError("worker: --redis must name a server, such as redis://127.0.0.1:6379 (or REDIS_URL)");
  const name = flags.name ?? hostname();
  if (name === "" || name.length > 60) throw new UserError(`--name: must be 1 to 60 characters, got ${quoted(name)}`);
  const worker = workerOf(url, {
    name: printable(name, 60),
    slots: flags.slots === undefined ? navigator.hardwareConcurrency : numberFrom("--slots", flags.slots, 1, MOST_SLOTS),
    allowModules: flags.allowModules === true,
    allowCommands: flags.allowCommands === true,
    allowHosts: flags.allowHost ?? [],
  });
  const again = Promise.withResolvers<number>();
  let stops = 0;
  signals.handle((signal) => {
    worker.stop();
    if (++stops > 1) again.resolve(signal === "SIGINT" ? EXIT.interrupted : EXIT.terminated);
  });
  try {
    return await Promise.race([worker.serve().then(() => EXIT.done), again.promise]);
  } catch (error) {
    throw error instanceof RedisError ? new UserError(`worker: ${error.message}`, EXIT.caseFailed) : error;
  }
}

function workerOf(
  url: string,
  options: Pick<WorkerOptions, "name" | "slots" | "allowModules" | "allowCommands" | "allowHosts">,
): RedisWorker {
  try {
    return new RedisWorker({ url, ...options, say: (line) => process.stdout.write(`${line}\n`) });
  } catch (error) {
    throw new UserError(`--redis: ${error instanceof Error ? error.message : String(error)}`);
  }
}
