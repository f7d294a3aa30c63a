import type { Declare } from "../command.ts";
import { type RunFlags, withRunFlags } from "../flags.ts";

export const declare: Declare = (program, host) => {
  const command = program
    .command("run")
    .description("runs scenarios: a live dashboard on a terminal, progress lines otherwise")
    .argument("<scenario...>", "paths, or names of shipped scenarios")
    .option("-d, --duration <duration>", "how long the load lasts, such as 30s")
    .option("-r, --rate <rate>", "arrivals per time unit");
  withRunFlags(command).action(async (scenarios: string[], flags: RunFlags) => {
    const { run } = await import("../commands/run.ts");
    host.exit(await run(scenarios, flags, host.signals));
  });
};
