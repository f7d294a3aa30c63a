import { safeJson } from "../../kernel/text.ts";
import type { RunResult } from "../../telemetry/result.ts";

/** The result file: one result, or an array of several. Parsing it gives the same value back. */
export function jsonOf(results: RunResult | readonly RunResult[] | null): string {
  return `${safeJson(results, 2)}\n`;
}
