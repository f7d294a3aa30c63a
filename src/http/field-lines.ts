/** Header fields of every request, as lines `Name: value`. */
export interface FieldLines {
  readonly all: readonly string[];
  /** Those without secrets: all that is sent to an origin that only a redirect has named. */
  readonly open: readonly string[];
}

export const NO_LINES: FieldLines = { all: [], open: [] };
