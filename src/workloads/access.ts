import type { FetchFiles } from "./fetch/records.ts";

/** What a user allows requests, and asks them to leave behind, beside the scenario. */
export interface RequestAccess {
  readonly allowedHosts: readonly string[];
  readonly files: FetchFiles;
}

/** Private hosts alone, and nothing written. */
export const NO_ACCESS: RequestAccess = { allowedHosts: [], files: { deadLetter: null, log: null, logUrls: false, requests: null } };
