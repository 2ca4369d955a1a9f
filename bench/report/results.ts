import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Plan } from '../command/plan.js';
import type { Environment } from '../servers/environment.js';
import { chart } from './chart.js';
import { curveChart } from './curve-chart.js';
import type { Measured } from './measured.js';
import { type BenchSummary, spreadsOf } from './summary.js';

const FOLDER = fileURLToPath(new URL('../../../bench/results/', import.meta.url));

/** Keeps what was measured as `bench/results/<name>.json`, its chart beside it as `<name>.svg`, and its curves. */
export async function writeResults(
  { benchmark, runs, size }: Plan,
  measured: readonly Measured[],
  summary: BenchSummary & { readonly environment: Environment },
): Promise<void> {
  const kept = { ...summary, runs, size, unit: benchmark.unit, spreads: spreadsOf(benchmark, measured) };
  await mkdir(FOLDER, { recursive: true });
  await writeFile(`${FOLDER}${benchmark.name}.json`, `${JSON.stringify(kept, undefined, 2)}\n`);
  await writeFile(`${FOLDER}${benchmark.name}.svg`, chart(benchmark, measured));
  for (const curves of benchmark.curves?.(measured) ?? []) {
    await writeFile(`${FOLDER}${benchmark.name}-${curves.name}.svg`, curveChart(curves));
  }
}
