/** The sign of a case that broke a threshold, or does not count at all, in every list. */
export const FAULT = "✗";
