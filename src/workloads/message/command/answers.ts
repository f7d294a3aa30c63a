import { isPlainMap } from "../../../kernel/plain-value.ts";
import { quoted } from "../../../kernel/text.ts";
import { inexactInteger, isStateKey, tooLarge } from "../message.ts";

/** A program's answer to one message. */
export interface ProgramAnswer {
  readonly id: number;
  /** Why the message has failed; null: it is done. */
  readonly error: string | null;
  /** Changes of the machine's state; null: none. */
  readonly set: Readonly<Record<string, unknown>> | null;
}

/** Content of one line that a program writes. */
export type Line =
  | { readonly kind: "ready"; readonly batch: boolean }
  | { readonly kind: "answers"; readonly answers: readonly ProgramAnswer[] }
  /** Not of the protocol: `what` ends a sentence that begins with the program. */
  | { readonly kind: "fault"; readonly what: string };

/** Parses a line of standard output. Never throws. */
export function parseLine(text: string): Line {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fault(`wrote a line that is not JSON: ${quoted(text, 80)}`);
  }
  if (isPlainMap(value) && value["ready"] === true && !("id" in value)) return { kind: "ready", batch: value["batch"] === true };
  const inexact = inexactInteger(text);
  if (inexact !== null) return fault(`answered with a number that is not kept exactly: ${inexact}`);
  const answers: ProgramAnswer[] = [];
  for (const one of Array.isArray(value) ? value : [value]) {
    const answer = answerOf(one);
    if (typeof answer === "string") return fault(`wrote a line that is not an answer (${answer}): ${quoted(text, 80)}`);
    answers.push(answer);
  }
  return { kind: "answers", answers };
}

/** The answer in a parsed value, or what is wrong with it. */
function answerOf(value: unknown): ProgramAnswer | string {
  if (!isPlainMap(value)) return "it is no object";
  const { id, error, set } = value;
  if (typeof id !== "number" || !Number.isSafeInteger(id)) return "its id is no whole number";
  if (error !== undefined && error !== null) return { id, error: typeof error === "string" ? error : JSON.stringify(error), set: null };
  if (set === undefined || set === null) return { id, error: null, set: null };
  if (!isPlainMap(set)) return "its set is no object";
  for (const key of Object.keys(set)) if (!isStateKey(key)) return `its set has a key that a state cannot have, ${quoted(key, 40)}`;
  return tooLarge(set) ? "its set holds a number beyond 1.8e308" : { id, error: null, set };
}

function fault(what: string): Line {
  return { kind: "fault", what };
}
