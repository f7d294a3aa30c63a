import { writeFileSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { fileProblem } from "../../kernel/file-problem.ts";
import { UserError } from "../../kernel/problem.ts";
import { suggestion } from "../../kernel/spelling.ts";
import { printable, quoted } from "../../kernel/text.ts";
import { SHIPPED } from "../../scenario/find.ts";
import { type Scenario, WORKLOADS } from "../../scenario/schema.ts";
import { starterText } from "../starter.ts";
import { WORK_STARTERS, type WorkStarter } from "../work-starter.ts";

export interface NewFlags {
  readonly force?: boolean;
  readonly workload?: string;
  readonly work?: string;
}

/** `lab-tui new NAME`: writes a scenario to start from, and with `--work` a program beside it. */
export function writeStarter(name: string, { force, workload, work }: NewFlags): void {
  const isPath = [".yaml", ".yml"].includes(extname(name));
  if (name.trim() === "" || (!isPath && !/^(?:[\w./-]*\/)?\w[\w.-]*$/.test(name))) {
    throw new UserError(`The name must be of letters, digits, ., - and _, or a path that ends in such a name, got ${quoted(name)}`);
  }
  const file = isPath ? name : `${name}.yaml`;
  const title = file
    .replace(/^.*\//, "")
    .replace(/\.ya?ml$/, "")
    .replaceAll(/[-_]+/g, " ");
  const schema = join(SHIPPED, "scenario.schema.json");
  const of = workloadOf(workload ?? "message");
  if (work === undefined) {
    writeNew(file, starterText(title, of, schema), force === true);
    return;
  }
  const starter = starterOf(work);
  if (of !== "message") throw new UserError(`--work: must stand beside --workload message, got ${quoted(of)}`);
  const program = file.replace(/(\.ya?ml)?$/, starter.extension);
  const command = JSON.stringify(starter.command(`./${basename(program)}`)).replaceAll(",", ", ");
  const line = `work: { kind: command, command: ${command}, startup: ${starter.startup} } ## lab-tui run FILE --allow-commands`;
  writeNew(program, starter.text, force === true);
  writeNew(file, starterText(title, of, schema, line), force === true);
}

function writeNew(file: string, text: string, force: boolean): void {
  try {
    writeFileSync(file, text, { flag: force ? "w" : "wx" });
  } catch (error) {
    const why = (error as { code?: string }).code === "EEXIST" ? "it exists already; --force overwrites it" : fileProblem(error);
    throw new UserError(`${printable(file, 200)} cannot be written: ${why}`);
  }
  process.stdout.write(`${printable(file, 200)}\n`);
}

function starterOf(language: string): WorkStarter {
  const starter = Object.hasOwn(WORK_STARTERS, language) ? WORK_STARTERS[language] : undefined;
  if (starter !== undefined) return starter;
  const languages = Object.keys(WORK_STARTERS);
  throw new UserError(`--work: must be one of ${languages.join(", ")}${suggestion(language, languages)}, got ${quoted(language)}`);
}

function workloadOf(text: string): Scenario["workload"] {
  const workload = WORKLOADS.find((one) => one === text);
  if (workload === undefined)
    throw new UserError(`--workload: must be one of ${WORKLOADS.join(", ")}${suggestion(text, WORKLOADS)}, got ${quoted(text)}`);
  return workload;
}
