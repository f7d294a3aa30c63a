import { scenarioJsonSchema } from "../../scenario/schema.ts";
import type { Declare } from "../command.ts";

export const declare: Declare = (program) => {
  program.command("schema").description("JSON Schema of a scenario file, for editors").action(printSchema);
};

/** The JSON Schema as the file `scenarios/scenario.schema.json` holds it. */
export function schemaText(): string {
  return `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`;
}

/** `lab-tui schema` */
export function printSchema(): void {
  process.stdout.write(schemaText());
}
