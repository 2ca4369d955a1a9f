/** The middle of some measurements and how far apart they were. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spread(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError('A median needs at least one measurement.');
  return { median: quantile(values, 0.5), min: quantile(values, 0), max: quantile(values, 1) };
}

/** The value that `share` of the values lie below, between two neighbours where it falls between them. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}

/**
 * How often `ours` holds `theirs`, round by round: both of a round ran within seconds of each other, so that a machine that
 * grows slower meanwhile slows both.
 */
export function ratioByRound(ours: readonly number[], theirs: readonly number[]): Spread {
  return spread(ours.map((value, i) => value / (theirs[i] ?? Number.NaN)));
}

export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
