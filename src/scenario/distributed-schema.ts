import { z } from "zod";
import * as s from "./scalars.ts";

/** Mode `distributed`: Redis, the workers started with it, and how items are handed to them. */
export const distributedSchema = z
  .strictObject({
    redis: s
      .text(4096)
      .default("auto")
      .describe(
        "The Redis or Valkey that holds streams and states: redis://host:port, or rediss:// with TLS; auto: a redis-server of its own for the case, with workers of this machine.",
      ),
    workers: s
      .countOr("auto", 256)
      .default("auto")
      .describe("redis: auto: worker processes that are started, each with one thread that processes; auto: as many as there are cores."),
    partitions: s
      .count(4096)
      .default(64)
      .describe("Streams that the keys are spread over; a worker takes one at a time. Requests, which have no keys, share one."),
    batch: s
      .count(1000)
      .default(100)
      .describe("Messages that a worker takes from a stream at most, and commits together; requests it takes one by one."),
    claimAfter: s
      .duration()
      .default(2e6)
      .describe("Time without a sign of its worker after which a batch is taken over by another; at least 100ms."),
  })
  .prefault({})
  .describe("Workers on any host, which take items from Redis Streams.");
