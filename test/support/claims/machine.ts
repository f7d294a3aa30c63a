import { type Claim, claim, figure, must, type Told } from "./claim.ts";

/** What is said of other programs, and of a core that was slower. */

const others = ({ result }: Told) => {
  const used = result.cores.reduce((sum, { utilization }) => sum + utilization, 0);
  return result.disturbed === undefined ? used - result.process.cpuMs / result.durationMs : (result.disturbed?.otherCores ?? null);
};

export const MACHINE_CLAIMS: readonly Claim[] = [
  claim(
    "Other programs[[ (the server may be one of them, if it runs here)]] used {others:N} of the machine's {cores:N} {c:core|cores} and the case itself {own:N}: these are the figures of a shared machine, and on a quiet one they would be others.",
    figure("others", others),
    figure("cores", ({ result }) => result.cores.length),
    figure("own", ({ result }) => result.process.cpuMs / result.durationMs),
    must("they used next to nothing", (told) => (others(told) ?? 0) > 0.2),
  ),
  claim(
    "Computing of {cpu:D} in all was kept from a core for another {away:D}.",
    figure("cpu", ({ result }) => (result.process.work?.askedMs ?? 0) * (1 + (result.process.work?.slowerBy ?? 0))),
    figure("away", ({ result }) => result.process.work?.takenAwayMs ?? null),
  ),
];
