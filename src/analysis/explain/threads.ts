import { formatCount, formatMs, formatShare } from "../../kernel/units.ts";
import { agreeing, counted } from "../../kernel/wording.ts";
import { hasCores, theCores } from "../../telemetry/allowance.ts";
import { mean } from "../../telemetry/noise.ts";
import type { Crowding } from "../../telemetry/phases.ts";
import { BUSY, type Facts, FULL, WORKER_BUSY } from "./facts.ts";
import type { Finding } from "./finding.ts";

/** Limits by threads and cores. */

export function busyThread(facts: Facts): Finding | null {
  const { result, main } = facts;
  // A thread that spins until the next arrival uses its core too, without any work.
  if (result.mode === "parallel" || !facts.longEnough || Math.min(main, result.process.eventLoop.busy) < BUSY) return null;
  // Though busy, nothing waits for it, or it would do more if more came.
  if (facts.batchesGrow || (!facts.overrun && main < FULL)) return null;
  const idle = facts.cores > 1 ? ` while ${theCores(result)} were ${formatShare(facts.coresUsed)} used in all` : "";
  const thread = result.mode === "sync" ? "its one thread" : "its one event loop";
  const text = `One core is the limit: ${thread} was computing ${formatShare(main)} of the time${idle}, at ${facts.rate}. ${helpsOneCore(facts)}`;
  return { limit: "thread", text };
}

/** Advice for a thread that computes all its time. */
function helpsOneCore({ cores, result, noun }: Facts): string {
  if (cores <= 1) return "Only less work, or more cores, would help.";
  return `Less work per ${noun} or parallel mode would help${result.mode === "sync" ? "; async would not" : ""}.`;
}

/** Programs that work on messages: they compute while the lab's own threads wait for them. */
export function busyPrograms(facts: Facts): Finding | null {
  const { programs, result, rate, cores, noun } = facts;
  if (programs.length === 0 || !facts.longEnough || (!facts.overrun && Math.max(...programs) < FULL)) return null;
  const share = mean(programs);
  const one = programs.length === 1;
  const who = one ? "the program was" : `the ${programs.length} programs were`;
  const computed = `${who} computing ${formatShare(share)} of the time, at ${rate}`;
  const inAll = [facts.main, ...facts.workers, ...programs].reduce((sum, use) => sum + use, 0);
  if (cores > 0 && programs.length >= cores && inAll >= WORKER_BUSY * cores) {
    const text = `All cores are the limit: ${computed}, and with the lab's own threads that is ${formatShare(Math.min(1, inAll / cores))} of what ${theCores(result)} ${agreeing(cores, "has", "have")}. Only more cores, or less work per ${noun}, would help.`;
    return { limit: "cores", text };
  }
  if (share < WORKER_BUSY) return null;
  const more =
    result.mode === "parallel" ? "More Workers, each with a program of its own," : "Parallel mode, with a program for each Worker,";
  const help =
    cores > programs.length ? `${more} or less work per ${noun} would help.` : `Only less work per ${noun}, or more cores, would help.`;
  return { limit: "programs", text: `${one ? "The program is" : "The programs are"} the limit: ${computed}. ${help}` };
}

/** Difference in use up to which Workers count as equally used. */
const UNEVEN = 0.2;

export function busyWorkers(facts: Facts): Finding | null {
  const { workers, busyWorkers: busy, rate, result, cores, overrun } = facts;
  if (workers.length === 0) return null;
  const [most, least] = [Math.max(...workers), Math.min(...workers)];
  // Though busy, nothing waits for them.
  if (!overrun && most < FULL) return null;
  const inAll = workers.reduce((sum, share) => sum + share, 0);
  if (result.mode === "parallel" && workers.length > cores && cores > 0 && inAll >= WORKER_BUSY * cores) {
    const text = `All cores are the limit: the ${workers.length} Workers were computing ${formatShare(inAll / cores)} of what ${theCores(result)} ${agreeing(cores, "has", "have")}, at ${rate}. More Workers would not help; more cores, or less work per ${facts.noun}, would.`;
    return { limit: "cores", text };
  }
  if (busy === 0) return null;
  if (result.mode === "async") {
    const text = `The helper Worker is the limit: it was computing ${formatShare(most)} of the time, at ${rate}, while the event loop was held ${formatShare(result.process.eventLoop.busy)} of it.`;
    return { limit: "workers", text };
  }
  if (busy < workers.length && most - least >= UNEVEN) {
    // Items of a flow belong to no Worker: a higher share is chance.
    if (facts.scenario.workload !== "message") return null;
    const text = `${busy} of ${counted(workers.length, "Worker")} ${agreeing(busy, "is", "are")} the limit: ${agreeing(busy, "its keys keep it", "their keys keep them")} busy ${formatShare(most)} of the time while another was computing only ${formatShare(least)} of it, at ${rate}. The messages of a key keep their order: only several keys in its place would help.`;
    return { limit: "keys", text };
  }
  // Equally used, but not all at their limit.
  if (mean(workers) < WORKER_BUSY) return null;
  const computed = `computing ${formatShare(mean(workers))} of the time`;
  if (workers.length < cores) {
    const who =
      workers.length === 1 ? "The one Worker is the limit: it was" : `The Workers are the limit: the ${workers.length} of them were`;
    return {
      limit: "workers",
      text: `${who} ${computed}, at ${rate}. More Workers would help: ${hasCores(result)}.`,
    };
  }
  const who = workers.length === 1 ? "the one Worker was" : `the ${workers.length} Workers were`;
  return {
    limit: "cores",
    text: `All cores are the limit: ${who} ${computed}, at ${rate}. Only more cores${result.limits == null ? "" : ` (${hasCores(result)})`}, or less work per ${facts.noun}, would help.`,
  };
}

/** Work that should leave the loop free while it waits, and does not. */
export function heldThread(facts: Facts): Finding | null {
  const { busy } = facts.result.process.eventLoop;
  if (facts.result.mode !== "async" || !facts.waitsOutside || busy < BUSY || !facts.longEnough) return null;
  const held = `The event loop is the limit: it was held ${formatShare(busy)} of the time`;
  const text =
    facts.main >= busy / 2
      ? `${held}, computing for ${formatShare(facts.main)} of it, at ${facts.rate}. Less work per ${facts.noun} or parallel mode would help.`
      : `${held}, mostly by waiting that blocks it, at ${facts.rate}. Waiting that leaves it free (\`await\`), or more threads, would help.`;
  return { limit: "thread", text };
}

export function processors(facts: Facts): Finding | null {
  const { result, scenario, slots, main, noun } = facts;
  if (!facts.overrun || !facts.saturated) return null;
  // Items of a flow take turns with each other: an item's time is not its thread's.
  if (scenario.workload === "flow" && result.mode !== "sync" && !facts.waitsOutside) return null;
  const each = formatMs(result.latency.service.mean);
  const through = `${facts.rate} went through`;
  if (result.mode === "sync") {
    // Beside waits that others could use, a thread has time to spare until it hardly waits.
    if (main >= (facts.waitsOutside ? WORKER_BUSY : 0.5)) {
      const text = `The one thread is close to its limit: it was computing ${formatShare(main)} of the time, ${each} ${noun === "item" ? "an" : "a"} ${noun}, and what comes meanwhile waits its turn; ${through}. Threads of their own (parallel) would help.`;
      return { limit: "thread", text };
    }
    const help = facts.waitsOutside ? "async overlaps what waits." : "Threads of their own (parallel) would help.";
    const read = facts.readMs > 0 ? ` and by source.latency ${formatMs(facts.readMs)} to read` : "";
    const text = `One ${noun} at a time is the limit: each takes ${each}${read}, the one thread was computing ${main < 0.5 ? "only " : ""}${formatShare(main)} of the time and does nothing else meanwhile; ${through}. ${help}`;
    return { limit: "processors", text };
  }
  if (!facts.waitsOutside && result.mode === "async" && scenario.async.offload === "none") {
    const text = `The thread is the limit: work that holds it is done one ${noun} at a time, each ${each}; ${through}. ${facts.computes && facts.cores <= 1 ? "Only less work, or more cores, would help." : "Mode parallel, with several Workers, would help."}`;
    return { limit: "thread", text };
  }
  if (!facts.waitsOutside) {
    const parallel = result.mode === "parallel";
    const threads = parallel ? counted(slots, "Worker") : "one helper Worker";
    // Computing needs a core, not a Worker.
    const full = parallel && facts.computes && slots >= facts.cores;
    const more = full ? "More cores, or less work, would help." : "More Workers would help.";
    const help = parallel ? more : "Mode parallel, with more Workers, would help.";
    const text = `The number of Workers is the limit: work that holds its thread is done by ${threads}, one ${noun} at a time, each ${each}; ${through}. ${help}`;
    return { limit: "workers", text };
  }
  return null;
}

/** The reason why messages waited: more came than was done just then; the rest of the time works that off. */
export function since({ growth }: Crowding): string {
  if (growth === null) return "";
  const { ms, offered, processed } = growth;
  return `, since for ${formatMs(ms)} ${formatCount(offered)}/s came and ${formatCount(processed)}/s ${agreeing(processed, "was", "were")} done`;
}

/** The thread that everything passes, or all Workers, while messages waited: over the whole run there is time to spare. */
export function busyAtTimes(facts: Facts): Finding | null {
  const { result, scenario, crowd } = facts;
  if (!facts.overrun || !facts.longEnough || crowd === null) return null;
  const { mode, latency } = result;
  // In `sync` everything that a message does holds the thread, its waits as well.
  const holds = scenario.workload === "message" && scenario.work.kind !== "none" && (mode === "sync" || !facts.waitsOutside);
  if (!holds || (mode === "async" && scenario.async.offload !== "none") || !facts.saturatedAtTimes) return null;
  const parallel = mode === "parallel";
  const one = facts.computes ? "One core was" : "The one thread was";
  const who = parallel ? (facts.workers.length === 1 ? "The one Worker was" : "The Workers were") : one;
  const does = facts.computes
    ? `each with ${formatMs(latency.service.mean)} of computing`
    : `each of which takes it for ${formatMs(facts.each)}`;
  const whole = `over the whole run no thread was computing more than ${formatShare(facts.busiest)} of the time`;
  const overlap =
    mode === "sync" && facts.waitsOutside ? "async overlaps what waits." : "Less work per message or parallel mode would help.";
  const help = parallel ? "Less work per message, or more Workers, would help." : overlap;
  const text = `${who} the limit at times: for ${formatMs(crowd.ms)} messages waited, ${formatMs(crowd.p50)} at the median${since(crowd)}, ${does}; ${whole}. ${help}`;
  return { limit: mode === "parallel" ? "workers" : "thread", text };
}
