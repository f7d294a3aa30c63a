/** What `report` writes. In a file of its own, since the exports are slow to load. */
export const FORMATS = ["html", "markdown", "csv", "json", "hgrm", "junit"] as const;
export type Format = (typeof FORMATS)[number];
/** What `compare` writes, beside its table. */
export const COMPARISON_FORMATS = ["html", "markdown", "json", "junit"] as const;
export type ComparisonFormat = (typeof COMPARISON_FORMATS)[number];
