import { readdir } from 'node:fs/promises';
import type { Benchmark } from '../benchmarks/benchmark.js';

const FOLDER = new URL('../benchmarks/', import.meta.url);
const SUFFIX = '.bench.js';

/** Every benchmark of the folder `benchmarks/`, by name: adding one is adding its file. */
export async function catalogue(): Promise<ReadonlyMap<string, Benchmark>> {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith(SUFFIX)).toSorted();
  const modules = await Promise.all(
    files.map((file) => import(new URL(file, FOLDER).href) as Promise<{ benchmark: Benchmark }>),
  );
  return new Map(modules.map(({ benchmark }) => [benchmark.name, benchmark]));
}
