import { withAppearanceFlags } from "../appearance-flags.ts";
import type { Declare } from "../command.ts";
import type { ReplayFlags } from "../commands/replay.ts";

export const declare: Declare = (program, host) => {
  const command = program
    .command("replay")
    .description("plays a past run in the dashboard, or writes it as a recording")
    .argument("<run>", "its name, last, or a result file")
    .option("--speed <n>", "times as fast as it was (default 1)")
    .option("--from <duration>", "begin so long after its beginning");
  withAppearanceFlags(command)
    .option("--cast <file>", "write it as a recording (asciicast), the same bytes each time")
    .option("--cast-size <size>", "COLSxROWS of the recording (default: the terminal's, else 120x40)")
    .option("--cast-version <n>", "2 (default) or 3")
    .option("--close-after <duration>", "leave the closing screen after so long (default: at a key)")
    .action(async (run: string, flags: ReplayFlags) => {
      const { replayRun } = await import("../commands/replay.ts");
      host.exit(await replayRun(run, flags, host.signals));
    });
};
