/** Header fields of every request, as lines `Name: value`. */
export interface FieldLines {
  readonly all: readonly string[];
  /** Those of them that hold no secret: all that an origin is sent which only a redirect has named. */
  readonly open: readonly string[];
}

export const NO_LINES: FieldLines = { all: [], open: [] };
