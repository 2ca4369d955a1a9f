/** One figure over time; `at` in ms since the soak began. */
export interface Point {
  readonly at: number;
  readonly value: number;
}

const MINUTE_MS = 60_000;

/**
 * By how much a figure grows in a minute: the median of the slopes of all pairs of points (Theil, Sen), which a few outliers, as
 * faults make them, do not move.
 */
export function growthPerMinute(points: readonly Point[]): number {
  const slopes: number[] = [];
  points.forEach((from, index) => {
    for (const to of points.slice(index + 1)) {
      if (to.at > from.at) slopes.push(((to.value - from.value) * MINUTE_MS) / (to.at - from.at));
    }
  });
  return median(slopes);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return 0;
  if (sorted.length % 2 === 1) return sorted[middle] as number;
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
