import { formatBytes, formatCount } from "../../kernel/units.ts";
import type { Facts } from "./facts.ts";

/** Bytes from which it is worth mentioning. */
const WORTH = 5e6;
/** Growth of a queue, in messages per second, that counts. */
const GROWS = 1;

/** The memory of waiting messages, where they have a size: the maximum, and the growth per second of an unlimited queue. */
export function heldMemory({ result, scenario }: Facts): string {
  const { workload, load, message, queue } = scenario;
  const { highWater, growthPerSecond } = result.queue;
  const held = highWater * message.size;
  // In `sync`, arrivals wait unread, and replayed messages have sizes of their own.
  if (workload !== "message" || load.executor === "replay" || result.mode === "sync" || held < WORTH) return "";
  const most = `${formatCount(highWater)} waiting messages of ${formatBytes(message.size)} held ${formatBytes(held)} at most`;
  const process = `of the ${formatBytes(result.process.peakRssBytes)} that the case took`;
  const grows = queue.capacity === "unlimited" && growthPerSecond > GROWS;
  const growth = grows ? `; the line grew by ${formatBytes(growthPerSecond * message.size)} a second` : "";
  return `${most}, ${process}${growth}.`;
}
