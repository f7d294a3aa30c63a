/** The mark of a case that broke a threshold, or is invalid, in every list. */
export const FAULT = "✗";
