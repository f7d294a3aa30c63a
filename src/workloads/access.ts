import type { FetchFiles } from "./fetch/records.ts";

/** What the user allows requests to do, and the files to write, beside the scenario. */
export interface RequestAccess {
  readonly allowedHosts: readonly string[];
  readonly files: FetchFiles;
}

/** Private hosts only, and no files. */
export const NO_ACCESS: RequestAccess = { allowedHosts: [], files: { deadLetter: null, log: null, logUrls: false, requests: null } };
