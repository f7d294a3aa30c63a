import type { Scenario } from "../scenario/schema.ts";

/**
 * A scenario to start from: every part of every workload, with its possible values. Parts of other workloads, and alternatives, are
 * commented out with `# `; explanations begin with `##`. `work`: a line that stands in place of the workload's own work; null: none does.
 */
export function starterText(
  title: string,
  workload: Scenario["workload"] = "message",
  schema = "./scenario.schema.json",
  work: string | null = null,
): string {
  const own = work === null ? PARTS[workload] : PARTS[workload].replace(OWN_WORK, (line) => `${work}\n# ${line}`);
  const part = (of: Scenario["workload"]) => (of === workload ? own : commented(PARTS[of]));
  return `# yaml-language-server: $schema=${schema}
## Run it:    lab-tui run FILE        Check it:  lab-tui validate FILE        How the modes work:  lab-tui explain
## Durations: 500us 5ms 1.5s 2m   Sizes: 64B 2KB 1MB   Counts: 10_000   Ranges: { min: 1, max: 5 }
## What stands behind "# " is another choice. The editor tells what a field means, by the schema named above.
title: ${JSON.stringify(title)}
description: What it explores, in a sentence or two
hypothesis: What is expected to be seen
# tags: { phase: P1, experiment: P1-E1 } ## labels of your own
workload: ${workload} ## message | fetch | flow; each has parts of its own, below
modes: [sync, async, parallel] ## every mode gets the same arrivals; distributed: workers on any host, over Redis
seed: 1 ## same seed, same arrivals
warmup: 0s ## what falls due before is left out of every figure
gracefulStop: 5s ## how long to go on after the last arrival

load: { executor: constant-arrival-rate, rate: 300, timeUnit: 1s, duration: 5s, arrivals: uniform, jitter: 0ms }
## rate: a number, 80% of a probed capacity, or max: search the highest that holds; arrivals: uniform | poisson; jitter: ± this
# load: { executor: ramping-arrival-rate, startRate: 10, stages: [{ target: 500, duration: 5s }, { target: 0, duration: 5s }] }
# load: { executor: bursts, size: 500, every: 1s, count: 5 }
# load: { executor: constant-vus, vus: 20, duration: 5s } ## a client sends again when it is answered
# load: { executor: shared-iterations, vus: 20, iterations: 1000 }
## load: { executor: replay, file: ./messages.ndjson, speed: 1 }, or rate: 100; neither: all due at once

${part("message")}
${part("fetch")}
${part("flow")}
## Every workload has these.
queue: { capacity: 1000, overflow: block, memoryLimit: 1GB } ## capacity: or unlimited; block | drop-newest | drop-oldest
batch: { size: 1, order: arrival } ## arrival | key | round-robin; size: waits until full; timeout: goes by then at the latest, such as 5ms; both: whichever comes first
# batch: { size: 50, timeout: 5ms }
async: { concurrency: 1, offload: none } ## batches at work at once; none | message | batch to one helper Worker
parallel: { workers: auto, codec: ring } ## auto = cores; ring | json | messagepack | structured-clone
distributed: { redis: auto, workers: auto, partitions: 64, batch: 100, claimAfter: 2s } ## redis: auto, or redis://host:port

# sweep: { load.rate: [100, 300, 500], queue.capacity: [10, 1000] } ## every combination is a case, in every mode
# thresholds: { sojourn_ms: ["p(99)<50"], dropped: [{ threshold: count==0, abortOnFail: true, delayAbortEval: 1s }] } ## exit 99
# expect: [{ that: parallel.throughput > 1.2 * sync.throughput, because: Workers have more than one core }] ## judged after the run
`;
}

/** The work of messages. */
const OWN_WORK = /^work: .*$/m;

/** A part commented out. */
function commented(text: string): string {
  return text.replaceAll(/^(?!##|$)/gm, "# ");
}

/** Parts of one workload only. */
const PARTS: Readonly<Record<Scenario["workload"], string>> = {
  message: `## Workload message: state machines, and the messages that update them.
source: { latency: 0ms, connections: 1 } ## what one read takes (or a range), and how many at once
keys: { count: 1000, distribution: uniform, exponent: 1, order: true, prepare: false } ## uniform | round-robin | zipf, with its exponent
## order: one message of a key at a time; prepare: machines are made before the first arrival
loop: { yieldEvery: batch } ## async: a turn after each batch, or after so many messages within it too
message: { updates: { min: 1, max: 5 }, ops: [increment, set, compute], size: 0B } ## size: padding that each one carries
work: { kind: cpu, time: 5ms, distribution: constant, perBatch: 0ms }
## kind: none | cpu | sleep | io | mixed, with cpuShare: 0.5 | handler, with module: ./score.ts; perBatch: computed once a batch
## kind: command, with command: [python3, ./score.py], a program in any language; folder: ./programs, startup: 10s, restarts: 3,
## timeout: 30s, state: true (sent with each message)
## distribution: constant | uniform | exponential | lognormal, with cv: 1
queries: { rate: 0, timeUnit: 1s, via: call, consistency: strong } ## call | http; strong | snapshot
`,
  fetch: `## Workload fetch: requests to servers. Without load the list is asked for once.
fetch:
  target:
    mock:
      latency: { min: 20ms, max: 80ms }
      errorRate: 0 ## share that is answered with errorStatus; 0 or absent: none, here and below
      errorStatus: 503
      rateLimit: 0 ## requests per second that it answers; the rest get 429
      retryAfter: 1s
      maxConnections: 0
      stallRate: 0
      resetRate: 0
      truncateRate: 0
      slowRate: 0
      bodySize: 2KB
      outages: [] ## such as { at: 5s, for: 3s }
  ## or target: { url: "http://127.0.0.1:8001/{z}/{x}/{y}.png" }, or several: { urls: [one, other], choose: first } ## first | round-robin
  tiles: { zoom: 5, count: 100 } ## or urls: [5/10/12, "http://127.0.0.1:8001/x"], or urlsFile: ./list.txt
  method: GET ## HEAD | POST | PUT | PATCH | DELETE | OPTIONS
  ## body: hello, or { text: hello }, { template: 'item {{number}}' }, { file: ./body.png }, { rows: ./rows.ndjson }; type: text/plain
  idempotent: false ## POST and PATCH are tried again only where this is true, or idempotencyKey: Idempotency-Key names a field
  headers: {} ## such as { Accept: image/webp, X-Api-Key: "\${API_KEY}" }: of the environment
  ## expect: { status: 200-299, bodyContains: hello, maxBytes: 1MB, header: { Content-Type: image/png } }: else it has failed, by name
  cookies: false ## true: what servers set is sent back to them
  ## auth: { bearer: env API_TOKEN } or { basic: { user: env API_USER, password: env API_PASSWORD } }
  tls: { insecure: false } ## ca: ./ca.pem; cert: ./client.pem with key: ./client.key and passphrase: "\${SECRET}"; serverName: one.test
  http: 1 ## or 2: many requests at once on one connection; not with the mock
  ## unix: /run/server.sock ## a socket of this machine that all requests go to
  timeout: 10s ## one attempt
  deadline: 60s ## one item with all its attempts and waits
  totalTimeout: 10m ## the whole list
  concurrency: { max: 20, adaptive: none, min: 1, decrease: 0.5, window: sliding } ## none | aimd, with targetLatency: 100ms; sliding | waves
  connections: { max: 100, keepAlive: true }
  retry: { max: 2, backoff: exponential, baseDelay: 200ms, maxDelay: 2s, jitter: full } ## exponential | linear | constant
  circuitBreaker: false ## or { failureThreshold: 5, openFor: 60s }
  rateLimit: false ## or { initial: 100, min: 1, max: 1000 }
  fallback: none ## none | stale | parent; stale needs saveTo: ./tiles, as do resume: true (what is there is not asked for again),
  ## revalidate: true (only where it has changed) and saveAs: tile (z/x/y.png)
  ## deadLetter: ./dead.ndjson
`,
  flow: `## Workload flow: what applications are made of, put under load.
flow:
  kind: orchestrator ## or one of these kinds by itself, with module: ./shop.ts code of your own
  parts:
    events: { kind: event-bus, subscribers: 3, work: { kind: io, time: 1ms, distribution: constant, cv: 1, cpuShare: 0.5 } }
    stages:
      kind: data-pipeline
      stages: 3
      concurrency: 1
      failureRate: 0
      retry: { max: 0, baseDelay: 10ms }
      fallback: false
      circuitBreaker: false ## or { failureThreshold: 5, openFor: 1s }
    stream: { kind: reactive-stream, transformers: 3, subscribers: 3 }
    queue: { kind: message-queue, groups: 1, consumers: 1, durability: memory, order: none } ## memory | process | power; none | key
`,
};
