import { type CaseRow, isAsExpected } from '../kit/fault-case.js';

const HEAD = ['', 'case', 'seeds', 'kills', 'messages', 'lost', 'doubled', 'pending', 'recovery median / max ms', ''];

const LEFT = new Set([0, 1, HEAD.length - 1]);

/** The lines as a table; below it, one sentence for each fault. A line that is not as it has to be begins with `!`. */
export function tableOf(rows: readonly CaseRow[]): string {
  const cells = [HEAD, ...rows.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => (LEFT.has(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  const faults = rows.flatMap((row) =>
    row.faults.map((fault) => `${isAsExpected(row) ? ' ' : '!'} ${row.what}: ${fault}`),
  );
  const silent = rows.filter((row) => row.control !== undefined && !isAsExpected(row));
  return [...lines, ...faults, ...silent.map(({ what, control }) => `! ${what}: nothing ${control} in it`)].join('\n');
}

function cellsOf(row: CaseRow): string[] {
  const { what, seeds, kills, messages, lost, doubled, pending, recoveries, note = '' } = row;
  const figures = [seeds, kills, messages, lost, doubled, pending].map(String);
  const sorted = recoveries.toSorted((a, b) => a - b).map(Math.round);
  const median = sorted[Math.floor(sorted.length / 2)];
  const recovery = median === undefined ? '' : `${median} / ${sorted.at(-1)}`;
  return [isAsExpected(row) ? '' : '!', what, ...figures, recovery, note];
}
