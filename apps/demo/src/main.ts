import { UsageError } from './options/arguments.js';
import { readDemoOptions, USAGE } from './options/demo.options.js';
import { LiveLine } from './progress/live-line.js';
import { runDemo } from './run/demo.js';
import { abortOnSignals, Interrupted } from './run/interrupted.js';

/** 0: every invariant holds. 1: one does not, or the run failed. 2: wrong command line. 130: interrupted. */
async function main(): Promise<number> {
  const options = readDemoOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const line = new LiveLine(process.stdout);
  const abort = abortOnSignals(line);
  return (await runDemo(options, line, abort)) ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof UsageError) process.exitCode = 2;
  else process.exitCode = error instanceof Interrupted ? 130 : 1;
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
}
