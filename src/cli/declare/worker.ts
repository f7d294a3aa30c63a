import { collected, type Declare } from "../command.ts";
import type { WorkerFlags } from "../commands/worker.ts";

export const declare: Declare = (program, host) => {
  program
    .command("worker")
    .description("offers this machine's cores to runs of mode distributed, one after the other, until it is stopped")
    .option("--redis <url>", "the server, such as redis://192.168.1.5:6379 (rediss:// with TLS); or REDIS_URL")
    .option("--name <name>", "its name in results (default: that of the machine)")
    .option("--slots <n>", "threads that process (default: as many as there are cores)")
    .option("--allow-modules", "run the handler modules that runs name")
    .option("--allow-commands", "run the programs that runs name (work.kind: command)")
    .option("--allow-host <host>", "send requests of runs to this public host (repeatable; fetch)", collected)
    .action(async (flags: WorkerFlags) => {
      const { serveWorker } = await import("../commands/worker.ts");
      host.exit(await serveWorker(flags, host.signals));
    });
};
