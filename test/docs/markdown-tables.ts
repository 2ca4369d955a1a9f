import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './library-source.js';

/** One row of a table, without the header. */
export interface TableRow {
  /** The heading above the table. */
  readonly heading: string;
  /** Without backticks and escapes. */
  readonly cells: readonly string[];
}

/** The rows of all tables of a page. */
export function tableRows(page: string): TableRow[] {
  const rows: TableRow[] = [];
  let heading = '';
  let isBody = false;
  for (const line of readFileSync(join(ROOT, page), 'utf8').split('\n')) {
    if (line.startsWith('#')) heading = line.replace(/^#+ */, '').replaceAll('`', '');
    if (!line.startsWith('|')) isBody = false;
    else if (/^[|\s:-]+$/.test(line)) isBody = true;
    else if (isBody) rows.push({ heading, cells: cellsOf(line) });
  }
  return rows;
}

function cellsOf(line: string): string[] {
  return line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.replaceAll(/`|\\(?=[|*_<])/g, '').trim());
}
