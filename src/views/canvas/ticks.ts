/** Steps of a time axis, in seconds. */
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400] as const;

/** Least columns from one label to the next. */
const LEAST_DISTANCE = 7;

export interface Tick {
  /** Milliseconds. */
  readonly t: number;
  readonly label: string;
}

/** Labels of a time axis from 0 to `until` milliseconds over `width` columns: round instants, the first with its unit. */
export function timeTicks(until: number, width: number): Tick[] {
  const most = Math.max(1, Math.floor(width / LEAST_DISTANCE));
  const step = STEPS.find((one) => until / 1000 / one <= most) ?? until / 1000;
  const [unit, seconds] = step >= 3600 ? (["h", 3600] as const) : step >= 60 ? (["min", 60] as const) : (["s", 1] as const);
  const ticks: Tick[] = [];
  for (let i = 0; i * step * 1000 <= until; i++) {
    const value = Number(((i * step) / seconds).toFixed(2));
    ticks.push({ t: i * step * 1000, label: i === 0 ? `0 ${unit}` : String(value) });
  }
  return ticks;
}
