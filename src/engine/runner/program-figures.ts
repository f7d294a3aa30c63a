import type { ProcessFigures, ProgramFigures } from "../../telemetry/result.ts";
import { programName } from "../../telemetry/threads.ts";
import type { Execution } from "../executor/executor.ts";

/** Figures of the programs that worked on messages, by the number of their thread. */
export function programFigures({ reports }: Pick<Execution, "reports">): ProgramFigures[] {
  return reports.flatMap((report, i) => {
    if (report?.program === undefined) return [];
    const { cpuMs, peakRssBytes, restarts, standardError } = report.program;
    return [{ name: programName(i), cpuMs, peakRssBytes, restarts, standardError }];
  });
}

/** Use of each thread, and of each program. */
export function threadFigures({ threads, endedAt }: Execution, programs: readonly ProgramFigures[]): ProcessFigures["threads"] {
  const all = [...threads, ...programs.map(({ name, cpuMs }) => ({ name, cpu: cpuMs === null ? null : cpuMs * 1e6 }))];
  return all.map(({ name, cpu }) => ({ name, utilization: cpu === null ? null : Math.min(1, cpu / Math.max(1, endedAt)) }));
}
