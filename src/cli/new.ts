import { writeFileSync } from "node:fs";
import { extname } from "node:path";
import { fileProblem, UserError } from "../kernel/problem.ts";
import { printable, quoted } from "../kernel/text.ts";

/** A scenario to start from: every part of a message scenario, and what it may be. */
export function starterText(title: string): string {
  return `# Run it:    lab-tui run FILE        Check it:  lab-tui validate FILE
# Durations: 500us 5ms 1.5s 2m   Sizes: 64B 2KB 1MB   Counts: 10_000   Ranges: { min: 1, max: 5 }
title: ${JSON.stringify(title)}
description: What it explores, in a sentence or two
hypothesis: What is expected to be seen
modes: [sync, async, parallel]      # every mode gets the same arrivals
seed: 1                             # same seed, same arrivals
warmup: 0s                          # what falls due before is left out of every figure
gracefulStop: 5s                    # how long to go on after the last arrival

load:
  executor: constant-arrival-rate   # or ramping-arrival-rate { startRate, stages }, bursts { size, every, count },
                                    # constant-vus { vus, duration }, shared-iterations { vus, iterations },
                                    # replay { file, rate | speed }
  rate: 300                         # arrivals per timeUnit; 80% of a probed capacity; max: search the highest that holds
  timeUnit: 1s
  duration: 5s
  arrivals: uniform                 # uniform | poisson
  jitter: 0ms                       # each arrival moved by up to ± this

source: { latency: 0ms, connections: 1 }                                # what one read takes, and how many at once
keys: { count: 1000, distribution: uniform }                            # uniform | round-robin | zipf (exponent)
message: { updates: { min: 1, max: 5 }, ops: [increment, set, compute], size: 0B }
work: { kind: cpu, time: 5ms, distribution: constant }                  # none | cpu | sleep | io | mixed (cpuShare) |
                                                                        # handler (module: ./score.ts);
                                                                        # perBatch: 2ms computed once for each batch
queue: { capacity: 1000, overflow: block }                              # block | drop-newest | drop-oldest
batch: { size: 1 }                                                      # size, timeout, or both
async: { concurrency: 1, offload: none }                                # offload: none | message | batch
parallel: { workers: auto }                                             # auto = cores
queries: { rate: 0, via: call, consistency: strong }                    # per second; call | http; strong | snapshot

# sweep: { load.rate: [100, 300, 500], queue.capacity: [10, 1000] }     # every combination, in every mode
# thresholds: { sojourn_ms: ["p(99)<50"], dropped: ["count==0"] }       # exit 99 when one fails
`;
}

/** `lab-tui new NAME` */
export function writeStarter(name: string, force: boolean): void {
  const isPath = [".yaml", ".yml"].includes(extname(name));
  if (name.trim() === "" || (!isPath && !/^(?:[\w./-]*\/)?\w[\w.-]*$/.test(name))) {
    throw new UserError(`The name must be of letters, digits, ., - and _, or a path that ends in such a name, got ${quoted(name)}`);
  }
  const file = isPath ? name : `${name}.yaml`;
  const title = file
    .replace(/^.*\//, "")
    .replace(/\.ya?ml$/, "")
    .replaceAll(/[-_]+/g, " ");
  try {
    writeFileSync(file, starterText(title), { flag: force ? "w" : "wx" });
  } catch (error) {
    const why = (error as { code?: string }).code === "EEXIST" ? "it exists already; --force overwrites it" : fileProblem(error);
    throw new UserError(`${printable(file, 200)} cannot be written: ${why}`);
  }
  process.stdout.write(`${printable(file, 200)}\n`);
}
