import type { MachineUse } from "../../telemetry/machine-use.ts";
import { peakMemory } from "../../telemetry/memory.ts";
import type { ProcessFigures, ProgramFigures, WorkFigures } from "../../telemetry/result.ts";
import { programName } from "../../telemetry/threads.ts";
import type { Execution } from "../executor/executor.ts";
import type { Measured } from "./summary.ts";

/** What this process, its threads and its programs used. `work`: of its computing. */
export function processFigures(measured: Measured, machine: MachineUse, work: WorkFigures | null): ProcessFigures {
  const { execution, cpuMs, idle } = measured;
  const { usage, lateness } = measured.pipeline.sampler;
  const { endedAt } = execution;
  const programs = programFigures(execution);
  const delayMs = { p50: lateness.percentile(0.5) / 1e6, p99: lateness.percentile(0.99) / 1e6, max: lateness.max / 1e6 };
  return {
    cpuMs,
    throttledMs: machine.throttled?.throttledMs ?? null,
    peakRssBytes: peakMemory() ?? usage.peakRssBytes,
    peakOpenFiles: usage.peakOpenFiles,
    eventLoop: { delayMs, busy: endedAt > 0 ? Math.min(1, Math.max(0, 1 - idle / endedAt)) : 0 },
    threads: threadFigures(execution, programs),
    ...(programs.length === 0 ? {} : { programs }),
    work,
  };
}

/** Figures of the programs that worked on messages, by the number of their thread. */
function programFigures({ reports }: Pick<Execution, "reports">): ProgramFigures[] {
  return reports.flatMap((report, i) => {
    if (report?.program === undefined) return [];
    const { cpuMs, peakRssBytes, restarts, standardError } = report.program;
    return [{ name: programName(i), cpuMs, peakRssBytes, restarts, standardError }];
  });
}

/** Use of each thread, and of each program. */
function threadFigures({ threads, endedAt }: Execution, programs: readonly ProgramFigures[]): ProcessFigures["threads"] {
  const all = [...threads, ...programs.map(({ name, cpuMs }) => ({ name, cpu: cpuMs === null ? null : cpuMs * 1e6 }))];
  return all.map(({ name, cpu }) => ({ name, utilization: cpu === null ? null : Math.min(1, cpu / Math.max(1, endedAt)) }));
}
