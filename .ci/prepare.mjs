// Makes a checkout ready to run: installs the dependencies when they are not what package-lock.json says, then compiles what
// changed. Says nothing when there is nothing to do. Plain Node, since it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** npm writes what it has installed beside it; equal to the lock file in every version but the optional ones, it will do. */
function isInstalled() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  const have = JSON.parse(readFileSync(installed, 'utf8')).packages;
  const want = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(want).every(
    ([path, { version, optional, link }]) =>
      !path.includes('node_modules/') || optional || link || have[path]?.version === version,
  );
}

function run(command, args, failure) {
  const show = process.stdout.isTTY;
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', show ? 'inherit' : 'pipe', show ? 'inherit' : 'pipe'],
  });
  if (result.status === 0) return;
  if (!show) process.stderr.write(`${result.stdout ?? ''}${result.stderr ?? ''}`);
  const reason = result.error ? result.error.message : `exit code ${result.status ?? result.signal}`;
  process.stderr.write(`prepare: ${failure} (${reason})\n`);
  process.exit(1);
}

if (!isInstalled()) {
  process.stdout.write('prepare: installing dependencies with npm ci, about a minute\n');
  const arguments_ = ['ci', '--no-audit', '--no-fund', ...(process.stdout.isTTY ? [] : ['--loglevel=error'])];
  run('npm', arguments_, '`npm ci` failed; is the npm registry reachable (npm ping)?');
}
run(process.execPath, [join(root, 'node_modules', '.bin', 'tsc'), '-b'], 'the sources do not compile');
