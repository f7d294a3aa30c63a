/** Where conclusions are imported from by those outside; they are made in `analysis/`. */
export * from "../analysis/conclude.ts";
