import { scenarioJsonSchema } from "../../scenario/schema.ts";

/** The JSON Schema in the form of `scenarios/scenario.schema.json`. */
export function schemaText(): string {
  return `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`;
}

/** `lab-tui schema`: prints the JSON Schema. */
export function printSchema(): void {
  process.stdout.write(schemaText());
}
