import { CircuitBreakers } from "../../resilience/circuit-breaker.ts";
import { RateLimiter } from "../../resilience/rate-limiter.ts";
import { PhaseRecorder } from "../../telemetry/request-phases.ts";
import { NamedHosts } from "./named-hosts.ts";
import { fetchCounts, PublishedReport } from "./report.ts";
import type { FetchMemory } from "./spec.ts";

/** Memory that a number of threads share. */
export function fetchMemory(threads: number): FetchMemory {
  const each = (make: () => SharedArrayBuffer) => Array.from({ length: threads }, make);
  return {
    breakers: CircuitBreakers.memory(),
    limiter: RateLimiter.memory(),
    hosts: NamedHosts.memory(),
    flight: new SharedArrayBuffer(8),
    counts: each(fetchCounts),
    reports: each(() => PublishedReport.memory()),
    phases: each(() => PhaseRecorder.memory()),
  };
}
