import type { Benchmark } from './benchmarks/benchmark.js';
import { type BenchOptions, parseBenchOptions, USAGE } from './command/bench-options.js';
import { catalogue } from './command/catalogue.js';
import { progressOn } from './report/progress.js';
import { openBenchServers } from './servers/bench-servers.js';
import { environmentLine, environmentOf } from './servers/environment.js';

/** Exit 0: every run was valid (with `--strict`: and every goal met). Exit 1: not so. Exit 2: the command was not understood. */
async function main(): Promise<number> {
  const benchmarks = await catalogue();
  const options = understood(benchmarks);
  const benchmark = options && benchmarks.get(options.name ?? '');
  if (!options || !benchmark) {
    const list = [...benchmarks.values()].map(({ name, title }) => `  ${name}  ${title}`).join('\n');
    console.error(`${USAGE}\n\nBenchmarks:\n${list}`);
    return 2;
  }
  return measure(benchmark, options);
}

function understood(benchmarks: ReadonlyMap<string, Benchmark>): BenchOptions | undefined {
  try {
    const options = parseBenchOptions(process.argv.slice(2));
    if (options.name && !benchmarks.has(options.name)) throw new Error(`There is no benchmark "${options.name}".`);
    return options;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n`);
    return undefined;
  }
}

async function measure(benchmark: Benchmark, options: BenchOptions): Promise<number> {
  const progress = progressOn(options.json ? process.stderr : process.stdout);
  const servers = await openBenchServers((line) => progress.done(line));
  try {
    const environment = await environmentOf(servers.mysqlUrl, servers.redisUrl);
    progress.done(environmentLine(environment));
    const { summary, text } = await benchmark.run({ options, servers, progress });
    progress.clear();
    if (!options.json) console.log(`\n${text}\n`);
    console.log(JSON.stringify({ ...summary, environment }));
    return options.strict && summary.goals.some(({ met }) => !met) ? 1 : 0;
  } finally {
    await servers.close();
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
