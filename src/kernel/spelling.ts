import { distance } from "fastest-levenshtein";

/** Letters that an abbreviation needs. */
const BEGINNING = 3;

/** The known word nearest to `word`, when it is near enough to be meant; else one that begins with the other. */
export function nearest(word: string, known: readonly string[]): string | null {
  const lower = word.toLowerCase();
  let best: string | null = null;
  // At least half of a short word has to be right.
  let bestDistance = Math.min(Math.max(2, Math.floor(word.length / 3)), Math.ceil(word.length / 2)) + 1;
  for (const candidate of known) {
    const d = distance(lower, candidate.toLowerCase());
    if (d < bestDistance) {
      best = candidate;
      bestDistance = d;
    }
  }
  if (best !== null || lower.length < BEGINNING) return best;
  const begins = (candidate: string) => candidate.startsWith(lower) || (candidate.length >= BEGINNING && lower.startsWith(candidate));
  return known.find((candidate) => begins(candidate.toLowerCase())) ?? null;
}

/** `; did you mean "x"?`, or nothing. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near === null ? "" : `; did you mean "${near}"?`;
}
