import { scenarioJsonSchema } from "../../scenario/schema.ts";
import type { Declare } from "../command.ts";

export const declare: Declare = (program) => {
  program.command("schema").description("JSON Schema of a scenario file, for editors").action(printSchema);
};

/** The JSON Schema in the form of `scenarios/scenario.schema.json`. */
export function schemaText(): string {
  return `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`;
}

/** `lab-tui schema`: prints the JSON Schema. */
export function printSchema(): void {
  process.stdout.write(schemaText());
}
