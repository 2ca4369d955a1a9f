import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const HERE = import.meta.dirname;
const COMMON = {
  'reflect-metadata': '^0.2.2',
  rxjs: '^7.8.2',
  typeorm: '^1.1.1',
  mysql2: '^3.24.5',
  '@willsoto/nestjs-prometheus': '^6.1.1',
  'prom-client': '^15.1.3',
};
const APPLICATIONS = [
  {
    name: 'Nest 12, ES modules',
    type: 'module',
    main: 'app.mjs',
    nest: '^12.5.1',
    dependencies: { ioredis: '^6.0.0' },
    // TypeORM's optional peer range for ioredis still ends at 5
    overrides: { typeorm: { ioredis: '$ioredis' } },
  },
  {
    name: 'Nest 11, CommonJS',
    type: 'commonjs',
    main: 'app.cjs',
    nest: '^11.0.0',
    dependencies: { ioredis: '^5.9.0' },
  },
];
/**
 * Installs the tarballs into each application, lets it handle one message, and runs the command that came along; ends the
 * process with 1 when one cannot.
 */
export async function verify(tarballs) {
  const { startServers } = await import('@safesync/testing');
  const servers = await startServers({ onProgress: (line) => process.stdout.write(`pack: ${line}\n`) });
  const env = { ...process.env, MYSQL_URL: servers.mysqlUrl, REDIS_URL: servers.redisUrl };
  try {
    for (const application of APPLICATIONS) run(application, tarballs, env);
  } finally {
    await servers.stop();
  }
}

function run({ name, type, main, nest, dependencies, overrides }, tarballs, env) {
  const folder = mkdtempSync(join(tmpdir(), 'safesync-scratch-'));
  try {
    const own = Object.fromEntries(
      tarballs.map((path) => [`@safesync/${/safesync-(\w+)-/.exec(path)[1]}`, `file:${path}`]),
    );
    const manifest = {
      name: 'scratch',
      private: true,
      type,
      overrides,
      dependencies: { '@nestjs/common': nest, '@nestjs/core': nest, ...COMMON, ...dependencies, ...own },
    };
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, null, 2));
    for (const file of [main, 'one-message.cjs']) copyFileSync(join(HERE, file), join(folder, file));
    execute('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error'], folder, env);
    process.stdout.write(`pack: ${name}: ${execute(process.execPath, [main], folder, env).trim()}\n`);
    process.stdout.write(`pack: ${name}: ${commandLine(folder, env)}\n`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The command that the packages install prints the tables of the library that is installed beside it. */
function commandLine(folder, env) {
  const command = join(folder, 'node_modules', '.bin', 'safesync');
  const version = execute(command, ['--version'], folder, env).trim();
  const tables = execute(command, ['sql'], folder, env).match(/^CREATE TABLE/gm)?.length ?? 0;
  if (!/^\d+\.\d+\.\d+/.test(version) || tables === 0) throw new Error(`safesync ${version} prints ${tables} tables`);
  return `safesync ${version} prints ${tables} tables`;
}

function execute(command, args, cwd, env) {
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    env,
    encoding: 'utf8',
    timeout: 180_000,
  });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')} ended with ${error?.message ?? signal ?? status}:\n${stdout}${stderr}`);
}
