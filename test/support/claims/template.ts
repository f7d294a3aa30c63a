/**
 * A grammar of sentences, written as they look: `{name:N}` is a count, `{name:D}` a duration, `{name:P}` a percentage, `{name:T}` a duration that may be too few, `{name:a|b}` one of
 * several texts, `{name:F}` the name of a
 * field, `{name:*}` anything, `[[…]]` may be missing. It shares nothing with the code that writes the sentences.
 */

export type Parts = Readonly<Record<string, string | undefined>>;

const COUNT = String.raw`\d+(?:\.\d+)?(?:e-\d+)?(?: [kMG](?![\w]))?`;
const DURATION = String.raw`(?:\d+(?:\.\d+)? (?:ns|µs|ms|s|min)(?!\w)|0(?!\.?\d))`;
const SHARE = String.raw`\d+(?:\.\d+)? %`;
const KINDS: Readonly<Record<string, string>> = { N: COUNT, D: DURATION, P: SHARE, T: `(?:${DURATION}|too few)`, "*": ".*?", F: "[\\w.]+" };

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** The whole of a sentence, or null. */
export function template(text: string): (sentence: string) => Parts | null {
  const source = text
    .split(/(\{\w+:[^}]*\}|\[\[|\]\])/)
    .map((piece) => {
      if (piece === "[[") return "(?:";
      if (piece === "]]") return ")?";
      const slot = /^\{(\w+):([^}]*)\}$/.exec(piece);
      if (slot === null) return escaped(piece);
      const [, name = "", kind = ""] = slot;
      return `(?<${name}>${KINDS[kind] ?? kind.split("|").map(escaped).join("|")})`;
    })
    .join("");
  const pattern = new RegExp(`^${source}$`, "u");
  return (sentence) => pattern.exec(sentence)?.groups ?? (pattern.test(sentence) ? {} : null);
}

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  "%": 0.01,
  ns: 1e-6,
  µs: 1e-3,
  ms: 1,
  s: 1e3,
  min: 60e3,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
};

/** What a printed figure can stand for; durations in milliseconds. */
export interface Printed {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export function printed(text: string): Printed {
  const match = /^([\d.]+)(e-\d+)? ?([a-zµA-Z%]*)$/u.exec(text.trim());
  if (match === null) throw new Error(`no figure: ${text}`);
  const [, digits = "", power = "", unit = ""] = match;
  const factor = (UNITS[unit] ?? Number.NaN) * (power === "" ? 1 : Number(`1${power}`));
  const value = Number(digits) * factor;
  const half = 0.5 * factor * 10 ** -(digits.split(".")[1] ?? "").length;
  return { value, low: value - half, high: value + half };
}

/** A figure as printed is that number, to the digits that it has; one that is not known is told to be of too few. */
export function says(text: string | undefined, value: number | null): boolean {
  if (text === undefined) return false;
  if (value === null || text === "too few") return value === null && text === "too few";
  const { low, high } = printed(text);
  const slack = 1e-9 * Math.abs(value) + 1e-12;
  return value >= low - slack && value <= high + slack;
}

/** Whole sentences: a full stop, a space and what begins the next. */
export function sentencesOf(text: string): string[] {
  return text.split(/(?<=[.!?]) (?=\S)/).filter((sentence) => sentence !== "");
}

const SUM = new RegExp(
  `(${DURATION}|${COUNT})(/s)?([a-z ]*(?:(?:on one loop|over ${COUNT} [Ww]orkers?) )?)((?:[×÷] (?:${DURATION}|${COUNT})(?:/s)?(?: [a-z]+)*? )+)(?:=|is) (${DURATION}|${COUNT})(/s)?`,
  "gu",
);

/** Every sum in a text that does not add up from its printed operands, as it stands. Durations count in seconds, rates per second. */
export function wrongSums(text: string): string[] {
  const wrong: string[] = [];
  for (const match of text.matchAll(SUM)) {
    const [whole, first = "", , , rest = "", result = "", perSecond = ""] = match;
    let value = inSeconds(first).value;
    for (const [, operator, operand = ""] of rest.matchAll(new RegExp(`([×÷]) (${DURATION}|${COUNT})`, "gu"))) {
      const by = inSeconds(operand).value;
      value = operator === "×" ? value * by : value / by;
    }
    const { low, high } = inSeconds(result);
    const slack = 1e-9 * Math.abs(value);
    // 0 of something printed with its unit is what rounds to it.
    if (value < low - slack || value > high + slack) wrong.push(`${whole}: ${first}${rest}makes ${value}${perSecond}`);
  }
  return wrong;
}

function inSeconds(text: string): Printed {
  const timed = /(?:ns|µs|ms|s|min)$/u.test(text);
  const { value, low, high } = printed(text);
  return timed ? { value: value / 1000, low: low / 1000, high: high / 1000 } : { value, low, high };
}

const NOUNS =
  "retry|attempt|request|message|item|thread|Worker|core|case|place|time|connection|key|call|fallback|file|point|other|machine|query|batch";

/** Numbers and nouns that do not agree. */
export function wrongNumbers(text: string): string[] {
  const one = [...text.matchAll(/(?<![\d.,/×] ?|R² )\b1 (?!(?:ms|s|µs|ns|min|is|was|does)\b)([a-zA-Z]+s)\b(?! the| is)/gu)].map(
    ([whole]) => whole,
  );
  const many = [...text.matchAll(new RegExp(String.raw`(?<![\d.])(?!1 )(\d+(?:\.\d+)?(?: [kMG])?) (${NOUNS})\b(?!\.[a-z])`, "gu"))].map(
    ([whole]) => whole,
  );
  const forms = [...text.matchAll(/(?<![\d.])(?:1 \w+ were|1 were|each of the 1(?![\d.])|all 1(?![\d.])|the 1 \w+)/gu)].map(
    ([whole]) => whole,
  );
  return [...one, ...many, ...forms];
}
