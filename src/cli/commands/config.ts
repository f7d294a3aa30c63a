import { existsSync } from "node:fs";
import { stringify } from "yaml";
import { UserError } from "../../kernel/problem.ts";
import { printable } from "../../kernel/text.ts";
import { settingsFile } from "../settings.ts";
import { readSettings, settingsJsonSchema } from "../settings-file.ts";

/** `lab-tui config`: prints where the settings are and what they say, or their JSON Schema. */
export function showConfig(schema: boolean): void {
  if (schema) {
    process.stdout.write(`${JSON.stringify(settingsJsonSchema(), null, 2)}\n`);
    return;
  }
  const file = settingsFile();
  if (file === null) throw new UserError("config: this user has no home folder; XDG_CONFIG_HOME names another place");
  const name = printable(file, 400);
  if (!existsSync(file)) {
    process.stdout.write(`${name} is not there: every setting has its default; \`lab-tui config --schema\` tells what may stand in it\n`);
    return;
  }
  const { keys = {}, ...others } = readSettings(file);
  const said = { ...others, ...(Object.keys(keys).length === 0 ? {} : { keys }) };
  process.stdout.write(`${name}\n${Object.keys(said).length === 0 ? "It sets nothing.\n" : stringify(said)}`);
}
