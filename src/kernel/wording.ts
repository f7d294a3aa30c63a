import { formatCount } from "./units.ts";

/** Numbers and nouns that agree, in sentences. */

/** Whether a count is one as printed: "1.00" counts as several. */
function isOne(count: number): boolean {
  return formatCount(count) === "1";
}

/** "1 retry", "3 retries", "1.20 k messages". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${isOne(count) ? one : many}`;
}

/** The form that agrees with a count: `agreeing(1, "was", "were")`. */
export function agreeing(count: number, one: string, many: string): string {
  return isOne(count) ? one : many;
}

/** "a", "a and b", "a, b and c". */
export function listed(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

/** With a capital first letter. */
export function sentenceCase(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** "9 of 100"; with all digits where rounded ones would read as all of them. */
export function outOf(count: number, total: number): string {
  const alike = count !== total && formatCount(count) === formatCount(total);
  return alike ? `${count} of ${total}` : `${formatCount(count)} of ${formatCount(total)}`;
}
