import { formatBytes, formatCount } from "../../kernel/units.ts";
import type { Facts } from "./facts.ts";

/** Bytes from which on it is worth a word. */
const WORTH = 5e6;
/** Messages a second by which a line grows from which on it does. */
const GROWS = 1;

/** The memory that messages hold while they wait, where they have a size: at most, and what an unlimited queue adds each second. */
export function heldMemory({ result, scenario }: Facts): string {
  const { workload, load, message, queue } = scenario;
  const { highWater, growthPerSecond } = result.queue;
  const held = highWater * message.size;
  // Of sync it is arrivals that wait, which nobody has read yet, and replayed messages have the size they have.
  if (workload !== "message" || load.executor === "replay" || result.mode === "sync" || held < WORTH) return "";
  const most = `${formatCount(highWater)} waiting messages of ${formatBytes(message.size)} held ${formatBytes(held)} at most`;
  const process = `of the ${formatBytes(result.process.peakRssBytes)} that the case took`;
  const grows = queue.capacity === "unlimited" && growthPerSecond > GROWS;
  const growth = grows ? `; the line grew by ${formatBytes(growthPerSecond * message.size)} a second` : "";
  return `${most}, ${process}${growth}.`;
}
