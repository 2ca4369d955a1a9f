import type { Benchmark, Contender, Figure, Run } from '../benchmarks/benchmark.js';
import { comparedFigures, figureOf, type Measured, ratioOf } from './measured.js';
import type { Spread } from './statistics.js';
import { textTable } from './text-table.js';

/** One table per case: the compared figures with range and ratio, then the medians of the others. */
export function comparisonTable(benchmark: Benchmark, measured: Measured, size: number): string {
  const shown = shownFigures(benchmark, measured);
  const compared = comparedFigures({ figures: shown });
  const others = shown.filter((figure) => !figure.compared);
  const header = [
    'contender',
    ...compared.flatMap(({ title }) => [title, 'min..max', 'ours / it', 'min..max']),
    ...others.map(({ title }) => title),
  ];
  const rows = [...measured.byContender].map(([contender, runs]) => [
    contender.title,
    ...compared.flatMap((figure) => comparedCells(benchmark, measured, contender, figure)),
    ...others.map((figure) => medianCell(runs, figure)),
  ]);
  const rounds = [...measured.byContender.values()][0]?.length ?? 0;
  const { key, title, times = 1 } = measured.case;
  const how = rounds === 1 ? 'one round' : `medians of ${rounds} rounds`;
  const headline = `${benchmark.name} ${key} (${title}): ${how} of ${size * times} ${benchmark.unit}`;
  return `${headline}\n${textTable([header, ...rows])}`;
}

/** A case need not show every figure of its benchmark. */
function shownFigures({ figures }: Benchmark, { byContender }: Measured): Figure[] {
  const runs = [...byContender.values()].flat();
  return figures.filter(({ key }) => figureOf(runs, key) !== undefined);
}

function comparedCells(
  { ours }: Benchmark,
  measured: Measured,
  contender: Contender,
  { key, digits }: Figure,
): string[] {
  const own = figureOf(measured.byContender.get(contender) ?? [], key);
  const ratio = contender.key === ours ? undefined : ratioOf(measured, key, ours, contender.key);
  return [...spreadCells(own, digits), ...spreadCells(ratio, 2)];
}

function spreadCells(found: Spread | undefined, digits: number): string[] {
  if (!found) return ['', ''];
  return [found.median.toFixed(digits), `${found.min.toFixed(digits)}..${found.max.toFixed(digits)}`];
}

function medianCell(runs: readonly Run[], { key, digits }: Figure): string {
  return figureOf(runs, key)?.median.toFixed(digits) ?? '';
}
