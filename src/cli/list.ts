import { printable, safeJson } from "../kernel/text.ts";
import { listScenarios } from "../scenario/find.ts";

/** `lab-tui list` */
export function list(asJson: boolean): void {
  const { listed, unreadable } = listScenarios();
  if (asJson) process.stdout.write(`${safeJson(listed, 2)}\n`);
  else process.stdout.write(scenarioLines());
  for (const file of unreadable) process.stderr.write(`${printable(file, 400)}: not a scenario; \`lab-tui validate\` says why\n`);
}

/** The list as lines: name, title, experiment. */
export function scenarioLines(): string {
  const { listed } = listScenarios();
  const width = Math.max(0, ...listed.map(({ name }) => Bun.stringWidth(printable(name, 40))));
  return listed
    .map(({ name, title, tags }) => {
      const shown = printable(name, 40);
      const tag = tags["experiment"] === undefined ? "" : `  [${printable(tags["experiment"], 20)}]`;
      return `${shown}${" ".repeat(width - Bun.stringWidth(shown))}  ${printable(title, 100)}${tag}\n`;
    })
    .join("");
}
