import { type Claim, claim, figure, must, type Told } from "./claim.ts";

/** What is said of other programs, and of a core that was slower. */

const work = ({ result }: Told) => result.process.work ?? null;
const cpu = (told: Told) => (work(told)?.askedMs ?? 0) * (1 + (work(told)?.slowerBy ?? 0));
const away = (told: Told) => work(told)?.takenAwayMs ?? null;

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
    "Other programs used {others:N} of the machine's[[ {cores:N}]] {c:core|cores} on average.",
    figure("others", others),
    must("they used next to nothing", (told) => (others(told) ?? 0) > 0.2),
  ),
  claim("Computing of {cpu:D} in all was kept from a core for another {away:D}.", figure("cpu", cpu), figure("away", away)),
  claim(
    "The system kept its computing from a core for {away:D} beside {cpu:D} that it took, though other programs used little: a limit on the CPU time of this process or its container does that.",
    figure("cpu", cpu),
    figure("away", away),
    must("others used much", ({ result }) => (result.disturbed?.otherCores ?? 0) <= 0.2),
    must("it was not kept long", (told) => (away(told) ?? 0) > 0.1 * (work(told)?.askedMs ?? 0)),
    must("its own threads may have done it", ({ result }) => result.process.threads.length <= result.cores.length),
  ),
  claim(
    "The host of this virtual machine kept {steal:D} from its cores, {share:P} of the time they were wanted.",
    figure("steal", ({ result }) => result.disturbed?.stealMs ?? null),
    must("it was next to nothing", ({ result }) => (result.disturbed?.stealMs ?? 0) > 0.01 * result.durationMs),
  ),
  claim(
    "Computing took {off:P} {more:more|less} CPU time than asked: the cores were {slower:slower|faster} than when it was calibrated.",
    figure("off", ({ result }) => result.disturbed?.calibrationOff ?? null),
    must("it took as long as asked", ({ result }) => (result.disturbed?.calibrationOff ?? 0) > 0.02),
    must("it was the other way round", (told, { more, slower }) => {
      const longer = (work(told)?.slowerBy ?? 0) > 0;
      return more === (longer ? "more" : "less") && slower === (longer ? "slower" : "faster");
    }),
  ),
  claim(
    "Computing could not be calibrated: at the last check it took {ratio:N} × the time asked.",
    figure("ratio", ({ result }) => 1 + (result.disturbed?.calibrationOff ?? 0)),
    must("the case itself was seen to take as long", (told) => work(told) === null),
  ),
];
