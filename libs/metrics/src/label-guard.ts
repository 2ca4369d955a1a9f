/** What a value is recorded as once a label has as many values as it may have. */
export const OTHER = 'other';

/**
 * Keeps the number of series of one metric finite: every label may take `maxValues` distinct values, whichever come first;
 * later ones are recorded as `other`.
 */
export class LabelGuard {
  private readonly seen: ReadonlyMap<string, Set<string>>;

  constructor(
    labels: readonly string[],
    private readonly maxValues: number,
  ) {
    this.seen = new Map(labels.map((label) => [label, new Set()]));
  }

  /** `labels` itself while every value is within bounds, else a copy with `other` in place of each value too many. */
  bound(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
    let bounded = labels;
    for (const [label, seen] of this.seen) {
      const value = labels[label];
      if (value === undefined || seen.has(value)) continue;
      if (seen.size < this.maxValues) seen.add(value);
      else bounded = { ...bounded, [label]: OTHER };
    }
    return bounded;
  }
}
