/** Characters of a line that is typed, at most. */
const LONGEST = 40;

/** A line that is typed after a key: a character more, or the last one less; other keys change nothing. */
export function typedAfter(text: string, key: string): string {
  if (key === "backspace") return [...text].slice(0, -1).join("");
  const written = key === "space" ? " " : key;
  return [...written].length === 1 && text.length < LONGEST ? text + written : text;
}

const STEPS: Readonly<Record<string, number>> = {
  ...{ down: 1, j: 1, up: -1, k: -1, "page-down": 10, "page-up": -10 },
  ...{ home: Number.NEGATIVE_INFINITY, end: Number.POSITIVE_INFINITY },
};

/** Keys that go through a list. */
export const LIST_KEYS = Object.keys(STEPS);

/** The place in a list of `count` after a key that goes through it. */
export function placeAfter(at: number, count: number, key: string): number {
  return Math.max(0, Math.min(count - 1, Math.min(at, count - 1) + (STEPS[key] ?? 0)));
}
