import type { Claim, Told } from "./claim.ts";
import { sentencesOf, wrongNumbers, wrongSums } from "./template.ts";

/** Everything in a text that its figures do not bear: sums, numbers and nouns, claims, and sentences that nobody knows. */
export function unborne(text: string, told: Told, grammar: readonly Claim[]): string[] {
  const wrong = [
    ...wrongSums(text).map((sum) => `does not add up: ${sum}`),
    ...wrongNumbers(text).map((words) => `does not agree: "${words}"`),
  ];
  for (const sentence of sentencesOf(text)) {
    const known = grammar.flatMap((claim) => {
      const parts = claim.match(sentence);
      return parts === null ? [] : [claim.check(parts, told)];
    });
    if (known.length === 0) wrong.push(`no checker knows: "${sentence}"`);
    // One that can be read in two ways is true if one of them is.
    else if (!known.includes(null)) wrong.push(`${known[0]}: "${sentence}"`);
  }
  return wrong;
}
