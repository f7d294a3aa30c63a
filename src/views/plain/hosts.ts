import { printable } from "../../kernel/text.ts";
import { agreeing } from "../../kernel/wording.ts";
import type { DistributedSample, HostStatus } from "../../telemetry/distributed-figures.ts";
import { spokenNumber } from "./speech.ts";

/** Follows the workers of a distributed case: which are lost or back, and what was taken over from them. */
export class HostSpeaker {
  private readonly known = new Map<string, HostStatus>();
  private claims = 0;

  /** What happened since the sample before. */
  next(sample: DistributedSample | undefined): string[] {
    if (sample === undefined) return [];
    const changed = sample.hosts.flatMap(({ name, status }) => {
      const before = this.known.get(name) ?? "ok";
      this.known.set(name, status);
      return before === status ? [] : [`worker ${printable(name, 40)} ${STATUS[status]}`];
    });
    const claims = sample.claims - this.claims;
    this.claims = sample.claims;
    const taken = `${spokenNumber(claims)} ${agreeing(claims, "batch was", "batches were")} taken over from a worker that was silent`;
    return claims > 0 ? [...changed, taken] : changed;
  }
}

const STATUS: Readonly<Record<HostStatus, string>> = {
  ok: "works as it should",
  late: "came late, or was silent for a while",
  lost: "is lost",
};
