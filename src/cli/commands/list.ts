import { printable, safeJson } from "../../kernel/text.ts";
import { type Listed, listScenarios, type Unreadable } from "../../scenario/find.ts";
import { FAULT } from "../../views/report/fault.ts";

/** `lab-tui list`: prints the scenarios, as JSON or as lines. */
export function list(asJson: boolean): void {
  const found = listScenarios();
  process.stdout.write(asJson ? `${safeJson(found.listed, 2)}\n` : linesOf(found));
  for (const { file, why } of found.unreadable) {
    process.stderr.write(`${printable(file, 400)}: not a scenario (${printable(why, 400)}); \`lab-tui validate\` says all of it\n`);
  }
}

/** The list as lines: name, title, experiment; for an invalid scenario, the reason. */
export function scenarioLines(): string {
  return linesOf(listScenarios());
}

function linesOf({ listed, unreadable }: ReturnType<typeof listScenarios>): string {
  const all = [...listed, ...unreadable].sort((a, b) => (a.name < b.name ? -1 : 1));
  const width = Math.max(0, ...all.map(({ name }) => Bun.stringWidth(printable(name, 40))));
  return all
    .map((one) => {
      const shown = printable(one.name, 40);
      return `${shown}${" ".repeat(width - Bun.stringWidth(shown))}  ${said(one)}\n`;
    })
    .join("");
}

function said(one: Listed | Unreadable): string {
  if ("why" in one) return `${FAULT} ${printable(one.why, 100)}`;
  const { experiment } = one.tags;
  return `${printable(one.title, 100)}${experiment === undefined ? "" : `  [${printable(experiment, 20)}]`}`;
}
