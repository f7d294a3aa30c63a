import { hashOf } from "../../../src/kernel/hash.ts";
import { type Claim, claim, figure, keyParts, mainOf, must, rate, type Told, waited } from "./claim.ts";
import { says } from "./template.ts";

/** What an explanation of mode `distributed` may say of Redis, partitions and slots, and what each of it is held against. */

const tripMs = ({ result }: Told) => result.distributed?.roundTripMs ?? 0;
const sizeOf = ({ result }: Told) => Math.max(1, result.batches.meanSize);
const workMs = ({ result }: Told) => result.latency.service.mean;
/** What a message holds its partition for: its work, and its part of two round trips. */
const held = (told: Told) => workMs(told) + (2 * tripMs(told)) / sizeOf(told);
const each = figure("each", held);
const overlaps = ({ scenario: { work } }: Told) => !["none", "cpu", "sleep"].includes(work.kind);
const threadsOf = ({ result: { hosts = [] } }: Told) => hosts.reduce((sum, { slots }) => sum + slots, 0);
const slotsOf = (told: Told) => threadsOf(told) * (overlaps(told) ? told.scenario.async.concurrency : 1);
const atWork = (told: Told) => (told.result.throughput * held(told)) / 1000;

/** Of batches that are longer a slot takes none ahead. */
const batchMs = (told: Told) => workMs(told) * sizeOf(told);

/** Share of the messages in each partition, by its keys. */
function partsOf({ scenario: { keys, distributed } }: Told): number[] {
  const parts = new Array<number>(distributed.partitions).fill(0);
  keyParts(keys).forEach((part, key) => {
    const at = hashOf(`worker-${key}`) % parts.length;
    parts[at] = (parts[at] ?? 0) + part;
  });
  return parts;
}

const waiting = must("something is said to be the limit, and nothing waited", waited);
const full = must("batches were not full", (told) => told.result.batches.meanSize >= 0.94 * told.scenario.distributed.batch);
const room = must(
  "there is no core for them",
  (told) =>
    told.scenario.distributed.redis !== "auto" ||
    !["none", "cpu"].includes(told.scenario.work.kind) ||
    slotsOf(told) < told.result.cores.length ||
    told.result.throughput * workMs(told) <= 801 * told.result.cores.length,
);

export const DISTRIBUTED_CLAIMS: readonly Claim[] = [
  claim(
    "The runner is the limit: it was computing {main:P} of the time, sending messages and recording what became of them, at {rate:N} messages/s.",
    rate,
    figure("main", ({ result }) => mainOf(result)),
    must("it had time to spare", ({ result }) => mainOf(result) >= 0.9),
    waiting,
  ),
  claim("More hosts would not help."),
  claim(
    "Redis is the limit: its one thread was computing {use:P} of the time, at {rate:N} messages/s.",
    rate,
    figure("use", ({ result }) => result.distributed?.serverUse ?? null),
    must("it had time to spare", ({ result }) => (result.distributed?.serverUse ?? 0) >= 0.8),
    waiting,
  ),
  claim("A larger distributed.batch would spare it calls.", full),
  claim(
    "One partition is the limit: its messages are worked by one slot at a time, 1 ÷ {each:D} is {sum:N}/s, and it has {share:P} of them by its keys, at {rate:N} messages/s.",
    rate,
    each,
    figure("share", (told) => Math.max(...partsOf(told))),
    must("it had time to spare", (told) => atWork(told) * Math.max(...partsOf(told)) >= 0.899),
    waiting,
  ),
  claim(
    "Its busiest key alone has {share:P}: only several keys in its place would help.",
    figure("share", ({ scenario }) => keyParts(scenario.keys)[0] ?? 1),
    must("others make it what it is", (told) => (keyParts(told.scenario.keys)[0] ?? 1) >= 0.899 * Math.max(...partsOf(told))),
  ),
  claim(
    "More distributed.partitions would help.",
    must("each key has one of its own", ({ scenario: { keys, distributed } }) => keys.count > distributed.partitions || keys.count > 1),
  ),
  claim(
    "The number of partitions is the limit: each is worked by one slot at a time, {partitions:N} ÷ {each:D} is {sum:N}/s, and there are {slots:N} slots; {rate:N} messages/s went through.",
    rate,
    each,
    figure("partitions", ({ scenario }) => scenario.distributed.partitions),
    figure("slots", slotsOf),
    must("there is one for each slot", (told) => told.scenario.distributed.partitions < slotsOf(told)),
    must("they had time to spare", (told) => atWork(told) / told.scenario.distributed.partitions >= 0.799),
    waiting,
  ),
  claim(
    "Round trips are the limit: for each batch of {size:N} a slot waits {trip:D} for Redis, and its work takes {work:D}; {rate:N} messages/s went through.",
    rate,
    figure("size", ({ result }) => result.batches.meanSize),
    figure("trip", tripMs),
    figure("work", (told) => told.result.latency.service.mean * sizeOf(told)),
    must("the work takes longer", (told) => tripMs(told) > told.result.latency.service.mean * sizeOf(told)),
    must("slots had batches at hand", (told) => atWork(told) / (slotsOf(told) + (batchMs(told) < 3 ? threadsOf(told) : 0)) >= 0.799),
    waiting,
  ),
  claim("A larger distributed.batch would help.", full),
  claim("A larger distributed.batch, or more workers, would help.", full, room),
  claim(
    "The cores are the limit: the {slots:N} {s:slot|slots} of {workers:N} {w:worker|workers} {v:share|shares} {whose:*} with Redis and the runner, and {most:N} ÷ {each:D} is {sum:N}/s; {rate:N} messages/s went through.",
    rate,
    figure("each", workMs),
    figure("slots", slotsOf),
    figure("most", slotsOf),
    must("it is another number of workers", ({ result }, { workers }) => says(workers, result.hosts?.length ?? null)),
    must("slots were free", (told) => (told.result.throughput * workMs(told)) / 1000 / slotsOf(told) >= 0.799),
    must("it waits, and needs no core", (told) => !overlaps(told)),
    must("there is a core for each", (told) => slotsOf(told) >= told.result.cores.length),
    must("they are on other machines", ({ scenario }) => scenario.distributed.redis === "auto"),
    waiting,
  ),
  claim(
    "The slots are the limit: {slots:N} ÷ {each:D} is {sum:N}/s, those of {workers:N} {w:worker|workers}; {rate:N} messages/s went through.",
    rate,
    figure("each", workMs),
    figure("slots", slotsOf),
    must("it is another number of workers", ({ result }, { workers }) => says(workers, result.hosts?.length ?? null)),
    must("slots were free", (told) => (told.result.throughput * workMs(told)) / 1000 / slotsOf(told) >= 0.799),
    waiting,
  ),
  claim(
    "More cores, or less work, would help.",
    must("there is a core", (told) => slotsOf(told) >= told.result.cores.length && told.scenario.distributed.redis === "auto"),
  ),
  claim(
    "More workers would help.",
    must("there are none", ({ result }) => result.distributed !== undefined),
    room,
  ),
];
