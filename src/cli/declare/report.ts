import { Option } from "commander";
import type { Declare } from "../command.ts";
import type { ReportFlags } from "../commands/report.ts";
import { FORMATS } from "../report-formats.ts";

export const declare: Declare = (program) => {
  program
    .command("report")
    .description(`a past run as ${FORMATS.join(", ")}`)
    .argument("<run>", "its name, last, or a result file")
    .addOption(new Option("--format <format>", "what is written (default: as FILE is named, else markdown)").choices(FORMATS))
    .option("-o, --out <file>", "where it goes (default: standard output)")
    .action(async (run: string, flags: ReportFlags) => (await import("../commands/report.ts")).reportRun(run, flags));
};
