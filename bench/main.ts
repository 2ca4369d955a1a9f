import type { Benchmark } from './benchmarks/benchmark.js';
import { ALL, type BenchOptions, parseBenchOptions, USAGE } from './command/bench-options.js';
import { catalogue } from './command/catalogue.js';
import { type Plan, planOf } from './command/plan.js';
import { measureRounds } from './command/rounds.js';
import { comparisonTable } from './report/comparison-table.js';
import { goalLines } from './report/goals.js';
import { type Progress, progressOn } from './report/progress.js';
import { writeResults } from './report/results.js';
import { summaryOf } from './report/summary.js';
import { withPlace } from './servers/bench-place.js';
import { type BenchServers, openBenchServers } from './servers/bench-servers.js';
import { environmentLine, environmentOf } from './servers/environment.js';

/** Exit 0: every run was valid (with `--strict`: and every goal met). Exit 1: not so. Exit 2: the command was not understood. */
async function main(): Promise<number> {
  const benchmarks = await catalogue();
  const understood = understand(benchmarks);
  if (!understood) {
    const list = [...benchmarks.values()].map(({ name, title }) => `  ${name.padEnd(10)} ${title}`).join('\n');
    console.error(`${USAGE}\n\nBenchmarks (or ${ALL}):\n${list}`);
    return 2;
  }
  return measureAll(understood.plans, understood.options);
}

function understand(
  benchmarks: ReadonlyMap<string, Benchmark>,
): { options: BenchOptions; plans: readonly Plan[] } | undefined {
  try {
    const options = parseBenchOptions(process.argv.slice(2));
    if (options.name === undefined) return undefined;
    const named = options.name === ALL ? [...benchmarks.values()] : [benchmarks.get(options.name)];
    const plans = named.map((benchmark) => {
      if (!benchmark) throw new Error(`There is no benchmark "${options.name}".`);
      return planOf(benchmark, options);
    });
    return { options, plans };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n`);
    return undefined;
  }
}

async function measureAll(plans: readonly Plan[], options: BenchOptions): Promise<number> {
  const progress = progressOn(options.json ? process.stderr : process.stdout);
  const servers = await openBenchServers((line) => progress.done(line));
  try {
    let missed = 0;
    for (const plan of plans) missed += await measure(plan, options, servers, progress);
    return options.strict && missed > 0 ? 1 : 0;
  } finally {
    await servers.close();
  }
}

/** Resolves with the number of goals that were missed. */
async function measure(plan: Plan, options: BenchOptions, servers: BenchServers, progress: Progress): Promise<number> {
  const { benchmark } = plan;
  const environment = await environmentOf(servers.mysqlUrl, servers.redisUrl);
  progress.done(`${benchmark.name}: ${benchmark.title}`);
  progress.done(environmentLine(environment));
  const measured = await withPlace(servers, (place) => measureRounds(plan, place, progress));
  const summary = summaryOf(benchmark, measured);
  if (plan.complete) await writeResults(plan, measured, { ...summary, environment });
  if (!options.json) {
    const tables = measured.map((each) => comparisonTable(benchmark, each, plan.size));
    const warning = options.quick ? 'Quick: the work is checked, its ratios are too short to count.' : '';
    const parts = [...tables, goalLines(benchmark, summary.goals), warning];
    console.log(`\n${parts.filter(Boolean).join('\n\n')}\n`);
  }
  console.log(JSON.stringify({ ...summary, environment }));
  return summary.goals.filter(({ met }) => !met).length;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
