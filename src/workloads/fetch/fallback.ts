import type { Effort } from "../workload.ts";
import { NOT_MODIFIED } from "./request-slot.ts";
import type { RequestState } from "./request-state.ts";
import type { Router } from "./router.ts";
import type { Saver } from "./save.ts";
import type { AttemptSender } from "./sender.ts";
import type { FetchSpec } from "./spec.ts";
import { parentOf, tileOf, tileUrl } from "./tiles.ts";

/** A substitute for an item that failed: the body saved last, or the parent tile. */
export class Fallback {
  constructor(
    private readonly spec: FetchSpec,
    private readonly effort: Effort,
    private readonly saver: Saver | null,
    private readonly router: Router,
    private readonly sender: AttemptSender,
  ) {}

  /** Looks for a substitute; true when there is one. */
  async provides(request: RequestState): Promise<boolean> {
    const { settings, base } = this.spec;
    if (settings.fallback === "stale") return this.saver?.has(request.url) ?? false;
    if (settings.fallback !== "parent" || base === null || this.effort.now() >= request.deadline) return false;
    const tile = tileOf(base, request.url);
    const parent = tile === null ? null : parentOf(tile);
    if (parent === null) return false;
    const { status } = request;
    this.router.standIn(request, tileUrl(base, parent));
    const answer = await this.sender.try(request);
    request.status = status;
    return typeof answer !== "string" && answer.ok && answer.status !== NOT_MODIFIED;
  }
}
