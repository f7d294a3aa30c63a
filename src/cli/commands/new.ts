import { writeFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileProblem } from "../../kernel/file-problem.ts";
import { UserError } from "../../kernel/problem.ts";
import { suggestion } from "../../kernel/spelling.ts";
import { printable, quoted } from "../../kernel/text.ts";
import { SHIPPED } from "../../scenario/find.ts";
import { type Scenario, WORKLOADS } from "../../scenario/schema.ts";
import { starterText } from "../starter.ts";

export interface NewFlags {
  readonly force?: boolean;
  readonly workload?: string;
}

/** `lab-tui new NAME`: writes a scenario to start from. */
export function writeStarter(name: string, { force, workload }: NewFlags): void {
  const isPath = [".yaml", ".yml"].includes(extname(name));
  if (name.trim() === "" || (!isPath && !/^(?:[\w./-]*\/)?\w[\w.-]*$/.test(name))) {
    throw new UserError(`The name must be of letters, digits, ., - and _, or a path that ends in such a name, got ${quoted(name)}`);
  }
  const file = isPath ? name : `${name}.yaml`;
  const title = file
    .replace(/^.*\//, "")
    .replace(/\.ya?ml$/, "")
    .replaceAll(/[-_]+/g, " ");
  const text = starterText(title, workloadOf(workload ?? "message"), join(SHIPPED, "scenario.schema.json"));
  try {
    writeFileSync(file, text, { flag: force === true ? "w" : "wx" });
  } catch (error) {
    const why = (error as { code?: string }).code === "EEXIST" ? "it exists already; --force overwrites it" : fileProblem(error);
    throw new UserError(`${printable(file, 200)} cannot be written: ${why}`);
  }
  process.stdout.write(`${printable(file, 200)}\n`);
}

function workloadOf(text: string): Scenario["workload"] {
  const workload = WORKLOADS.find((one) => one === text);
  if (workload === undefined)
    throw new UserError(`--workload: must be one of ${WORKLOADS.join(", ")}${suggestion(text, WORKLOADS)}, got ${quoted(text)}`);
  return workload;
}
