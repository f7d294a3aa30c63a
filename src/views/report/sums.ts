/** Wholes and parts that add up as printed. */

export interface Addend {
  readonly name: string;
  readonly value: number;
}

/**
 * Parts rounded to `decimals` so that they add up to the rounded whole: the remainder goes to the parts that lost most by rounding (the
 * largest remainder method, A. Hamilton, 1792).
 */
export function roundedParts(parts: readonly number[], decimals: number): number[] {
  const unit = 10 ** decimals;
  const scaled = parts.map((part) => part * unit);
  const floors = scaled.map(Math.floor);
  const whole = Math.round(scaled.reduce((sum, part) => sum + part, 0));
  const left = whole - floors.reduce((sum, part) => sum + part, 0);
  const order = scaled.map((part, i) => ({ i, lost: part - (floors[i] ?? 0) })).sort((a, b) => b.lost - a.lost);
  for (const { i } of order.slice(0, Math.max(0, left))) floors[i] = (floors[i] ?? 0) + 1;
  return floors.map((part) => part / unit);
}

/** `1.204 s = 1.196 waiting + 0.008 at work`, in one unit; parts that round to nothing are left out. */
export function timeSum(parts: readonly Addend[]): string {
  const total = parts.reduce((sum, { value }) => sum + value, 0);
  const { unit, ms } = UNITS.find((one) => total >= one.ms) ?? MICROSECONDS;
  const decimals = Math.max(0, 3 - Math.floor(Math.log10(Math.max(1, total / ms))) - 1);
  return sumOf(
    parts.map(({ name, value }) => ({ name, value: value / ms })),
    decimals,
    unit,
  );
}

const MICROSECONDS = { unit: "µs", ms: 1e-3 };
const UNITS = [{ unit: "s", ms: 1000 }, { unit: "ms", ms: 1 }, MICROSECONDS] as const;

/** `3.1 % of them = 2.0 idle + 1.1 queries`, of shares from 0 to 1, where `of` is " of them". */
export function shareSum(parts: readonly Addend[], of = ""): string {
  return sumOf(
    parts.map(({ name, value }) => ({ name, value: 100 * value })),
    1,
    `%${of}`,
    " = ",
  );
}

/** `alone`: the text between the whole and its only part: times only name it, shares need a phrase. */
function sumOf(parts: readonly Addend[], decimals: number, unit: string, alone = " "): string {
  const rounded = roundedParts(
    parts.map(({ value }) => value),
    decimals,
  );
  const whole = rounded.reduce((sum, part) => sum + part, 0);
  const shown = parts.map(({ name }, i) => ({ name, value: rounded[i] ?? 0 })).filter(({ value }) => value !== 0);
  const [first, ...rest] = shown;
  const total = `${whole.toFixed(decimals)} ${unit}`;
  if (first === undefined) return total;
  if (rest.length === 0) return alone === " " ? `${total} ${first.name}` : `${total}${alone}${first.value.toFixed(decimals)} ${first.name}`;
  const signed = rest.map(({ name, value }) => ` ${value < 0 ? "−" : "+"} ${Math.abs(value).toFixed(decimals)} ${name}`);
  return `${total} = ${first.value.toFixed(decimals)} ${first.name}${signed.join("")}`;
}
