/** Where explanations are imported from by those outside; they are made in `analysis/`. */
export * from "../analysis/explain.ts";
