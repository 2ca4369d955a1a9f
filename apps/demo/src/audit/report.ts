/** A label and its value, or undefined for an empty line. */
export type ReportLine = readonly [label: string, value: string | number] | undefined;

/** The lines as two columns, values aligned to the left. */
export function formatReport(lines: readonly ReportLine[]): string {
  const width = Math.max(...lines.map((line) => line?.[0].length ?? 0)) + 2;
  return lines.map((line) => (line ? `  ${line[0].padEnd(width)}${formatValue(line[1])}` : '')).join('\n');
}

/** `10000` as `10 000`. */
export function formatCount(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ' ');
}

function formatValue(value: string | number): string {
  return typeof value === 'number' ? formatCount(value) : value;
}
