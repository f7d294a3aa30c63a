export type CastVersion = 2 | 3;

export interface CastHeader {
  readonly version: CastVersion;
  readonly columns: number;
  readonly rows: number;
  /** Unix time, in seconds. */
  readonly timestamp: number;
  readonly title: string;
}

/**
 * Lines of a terminal recording, as JSON values: asciicast version 2 (times since the beginning) or 3 (times since the previous event), as
 * played by asciinema (https://docs.asciinema.org/manual/asciicast/v2/ and …/v3/).
 */
export class CastWriter {
  private before = 0;

  constructor(
    private readonly write: (line: unknown) => void,
    private readonly header: CastHeader,
  ) {
    const { version, columns, rows, timestamp, title } = header;
    const named = title === "" ? {} : { title };
    this.write(
      version === 2
        ? { version, width: columns, height: rows, timestamp, ...named }
        : { version, term: { cols: columns, rows }, timestamp, ...named },
    );
  }

  /** `ms`: since the beginning. */
  output(ms: number, text: string): void {
    if (text !== "") this.event(ms, "o", text);
  }

  resize(ms: number, columns: number, rows: number): void {
    this.event(ms, "r", `${columns}x${rows}`);
  }

  marker(ms: number, label: string): void {
    this.event(ms, "m", label);
  }

  private event(ms: number, kind: "o" | "r" | "m", data: string): void {
    const at = Math.max(this.before, ms);
    const time = (this.header.version === 2 ? at : at - this.before) / 1000;
    this.before = at;
    this.write([Number(time.toFixed(6)), kind, data]);
  }
}
