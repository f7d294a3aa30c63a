/** Durations, sizes and counts as people write them, and back. Each parser returns null for what it does not accept. */

const DURATION = /^(\d+(?:\.\d+)?(?:us|µs|ms|s|m|h|d))+$/;
const DURATION_PART = /(\d+(?:\.\d+)?)(us|µs|ms|s|m|h|d)/g;
const MICROSECONDS: Readonly<Record<string, number>> = {
  us: 1,
  µs: 1,
  ms: 1e3,
  s: 1e6,
  m: 60e6,
  h: 3600e6,
  d: 86400e6,
};

/** `500us`, `5ms`, `1.5s`, `2m` in microseconds; `1m30s` too, from the largest unit to the smallest. A bare `0` needs no unit. */
export function parseDuration(value: unknown): number | null {
  if (value === 0 || value === "0") return 0;
  if (typeof value !== "string") return null;
  const text = value.trim().replaceAll("_", "");
  if (!DURATION.test(text)) return null;
  let micros = 0;
  let last = Number.POSITIVE_INFINITY;
  for (const [, count, name = ""] of text.matchAll(DURATION_PART)) {
    const unit = MICROSECONDS[name] ?? Number.NaN;
    if (!(unit < last)) return null;
    micros += Number(count) * unit;
    last = unit;
  }
  return Number.isFinite(micros) ? micros : null;
}

const SIZE = /^(\d+(?:\.\d+)?)(B|KB|MB|GB)$/i;
const BYTES: Readonly<Record<string, number>> = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9 };

/** `64B`, `2KB`, `1MB`, `1GB` in bytes, decimal multiples. A bare `0` needs no unit. */
export function parseSize(value: unknown): number | null {
  if (value === 0 || value === "0") return 0;
  if (typeof value !== "string") return null;
  const match = SIZE.exec(value.trim().replaceAll("_", ""));
  if (match === null) return null;
  const bytes = Math.round(Number(match[1]) * (BYTES[(match[2] ?? "").toUpperCase()] ?? Number.NaN));
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** A finite number, or one written with underscores (`10_000`). */
export function parseNumber(value: unknown): number | null {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "string" || !/^[-+]?\d[\d_]*(?:\.\d+)?(?:e[-+]?\d+)?$/i.test(value)) return null;
  const number = Number(value.replaceAll("_", ""));
  return Number.isFinite(number) ? number : null;
}

/** A value in canonical form: `1_000` as 1e3, 1ms as 1000us, 80% as 80.0%. */
export function plainValue(value: unknown): string {
  const share = typeof value === "string" && value.endsWith("%") ? parseNumber(value.slice(0, -1)) : null;
  if (share !== null) return `${share}%`;
  return String(parseNumber(value) ?? parseDuration(value) ?? parseSize(value) ?? JSON.stringify(value));
}

/** Milliseconds as text; a dash where nothing was measured. */
export function msOrNone(ms: number | null): string {
  return ms === null ? "–" : formatMs(ms);
}

/** Milliseconds as a person reads them: `412 µs`, `4.25 ms`, `12.3 s`. */
export function formatMs(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  const size = Math.abs(ms);
  if (size === 0) return "0";
  if (size < 0.000_999_5) return `${(ms * 1e6).toFixed(0)} ns`;
  if (size < 0.999_5) return `${significant(ms * 1e3)} µs`;
  if (size < 999.5) return `${significant(ms)} ms`;
  if (size < 120_000) return `${significant(ms / 1000)} s`;
  return `${significant(ms / 60_000)} min`;
}

/** A rate per second: `412/s`, `9.42 k/s`, `7.1 M/s`. */
export function formatRate(perSecond: number): string {
  return `${formatCount(perSecond)}/s`;
}

/** A count or rate in three digits: `412`, `9.42 k`, `7.1 M`. */
export function formatCount(count: number): string {
  if (!Number.isFinite(count)) return "–";
  const size = Math.abs(count);
  if (size > 0 && size < 0.000_995) return count.toExponential(0);
  if (size < 0.0995) return String(Number(count.toPrecision(2)));
  if (size < 999.5) return Number.isInteger(count) ? String(count) : significant(count);
  if (size < 999_500) return `${significant(count / 1e3)} k`;
  if (size < 999.5e6) return `${significant(count / 1e6)} M`;
  return `${significant(count / 1e9)} G`;
}

/** Bytes: `64 B`, `2.05 KB`, `1.2 GB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 999_500) return `${significant(bytes / 1e3)} KB`;
  if (bytes < 999.5e6) return `${significant(bytes / 1e6)} MB`;
  return `${significant(bytes / 1e9)} GB`;
}

/** A share 0…1 as a percentage. */
export function formatShare(share: number): string {
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}

function significant(value: number): string {
  const size = Math.abs(value);
  // Rounding up may add a digit, and then there is a decimal less.
  return value.toFixed(size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}
