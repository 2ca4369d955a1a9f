// Runs jest with the arguments given, naming every test, and ends with one plain line: `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const results = join(root, '.data', `test-results-${process.pid}.json`);
mkdirSync(join(root, '.data'), { recursive: true });

const jest = join(root, 'node_modules', '.bin', 'jest');
const args = [jest, '--verbose', '--json', `--outputFile=${results}`, ...process.argv.slice(2)];
// not UTC, as most machines of CI are, and with clocks that are put back: whatever takes local time for UTC shows itself
const env = { TZ: 'America/New_York', ...process.env };
if (env.MYSQL_URL?.includes('flags=')) {
  const flags = join(root, 'test', 'support', 'driver-flags.cjs');
  env.NODE_OPTIONS = `${env.NODE_OPTIONS ?? ''} --require ${JSON.stringify(flags)}`;
}
const { status } = spawnSync(process.execPath, args, { cwd: root, env, stdio: 'inherit' });

if (existsSync(results)) {
  const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(results, 'utf8'));
  rmSync(results);
  // a file that could not be loaded has no tests to count, and is a failure all the same
  process.stdout.write(`${numPassedTests} passed, ${numFailedTests + numRuntimeErrorTestSuites} failed\n`);
} else if (status !== 0) {
  process.stdout.write('0 passed, 1 failed\n');
}
process.exitCode = status ?? 1;
