import { scenarioJsonSchema } from "../scenario/schema.ts";

/** The JSON Schema as the file `scenarios/scenario.schema.json` holds it. */
export function schemaText(): string {
  return `${JSON.stringify(scenarioJsonSchema(), null, 2)}\n`;
}

/** `lab-tui schema` */
export function printSchema(): void {
  process.stdout.write(schemaText());
}
