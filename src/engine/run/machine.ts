import { cpus, release, totalmem } from "node:os";
import type { Allowance } from "../../telemetry/allowance.ts";
import type { Calibration, Machine } from "../../telemetry/machine.ts";
import type { Expected } from "../../theory/demand.ts";

/** The machine for predictions of a case, with this allowance. */
export function machineFor({ places, quota }: Allowance): Pick<Expected, "cores" | "quota"> {
  return { cores: places, ...(quota === null ? {} : { quota }) };
}

/** `allowance`: the part of the cores that this process may use. */
export function describeMachine(calibration: Calibration | null, { cores, limits }: Allowance): Machine {
  return {
    os: `${process.platform} ${release()}`,
    arch: process.arch,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores,
    limits,
    memoryBytes: totalmem(),
    bun: Bun.version,
    calibration,
  };
}
