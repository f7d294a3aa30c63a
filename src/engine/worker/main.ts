import { dieWithParent } from "../../kernel/parent.ts";
import { RedisWorker } from "./redis-worker.ts";

/**
 * Entry point of a worker that `redis: auto` starts: it ends with the process that started it. Its runs were permitted there. Arguments:
 * name and slots; the server's address is in the environment, which other users cannot read.
 */
dieWithParent();
const [name = "worker", slots = "1"] = process.argv.slice(2);
const worker = new RedisWorker({
  url: process.env["REDIS_URL"] ?? "",
  name,
  slots: Number(slots),
  allowModules: true,
  allowCommands: true,
  allowHosts: null,
  say: () => {},
  clockShift: 0,
});
// Signals of a terminal are for the console, which ends its runner.
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit(0));
process.on("SIGTERM", () => worker.stop());
worker.serve().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  },
);
