/** Swept fields and their values, as people read them. */

/** A swept value as shown to people. */
export function valueText(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

/** The swept fields of a case with their values. */
export function paramsText(params: Readonly<Record<string, unknown>>): string {
  return Object.entries(params)
    .map(([field, value]) => `${field} ${valueText(value)}`)
    .join(", ");
}
