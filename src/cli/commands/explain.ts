import { UserError } from "../../kernel/problem.ts";
import { suggestion } from "../../kernel/spelling.ts";
import { quoted } from "../../kernel/text.ts";
import { MODES } from "../../scenario/schema.ts";
import { DIAGRAMS } from "../../views/report/diagram.ts";

/** `lab-tui explain MODE…`: the way of a message in a mode; without arguments, in each. */
export function explainModes(asked: readonly string[]): void {
  const modes = asked.map((word) => {
    const mode = MODES.find((one) => one === word);
    if (mode === undefined) throw new UserError(`explain: must name ${MODES.join(", ")}${suggestion(word, MODES)}, got ${quoted(word)}`);
    return mode;
  });
  process.stdout.write((modes.length > 0 ? modes : MODES).map((mode) => DIAGRAMS[mode]).join("\n"));
}
