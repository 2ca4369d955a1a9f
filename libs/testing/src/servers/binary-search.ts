import { join } from 'node:path';
import { isExecutable, pathFolders, runCommand } from './command.js';
import type { ServerBinary, ServerKind } from './server-kind.js';

/** Where servers are installed although the PATH of an ordinary user does not say so. */
export const USUAL_FOLDERS: readonly string[] = [
  '/usr/local/sbin',
  '/usr/sbin',
  '/usr/local/bin',
  '/usr/bin',
  '/usr/libexec',
  '/usr/local/mysql/bin',
  '/opt/homebrew/bin',
  '/opt/homebrew/opt/mariadb/bin',
  '/opt/homebrew/opt/mysql/bin',
  '/opt/homebrew/opt/redis/bin',
  '/opt/homebrew/opt/valkey/bin',
];

/** The executable to use, or why there is none. */
export type BinarySearch = { readonly binary: ServerBinary } | { readonly reason: string };

/**
 * The first folder that holds a serving executable wins, so a PATH decides between two installed versions. An executable is
 * believed by what its `--version` says, not by its name: a `mysqld` is often MariaDB's.
 */
export async function findBinary(
  kind: ServerKind,
  env: NodeJS.ProcessEnv,
  usualFolders: readonly string[] = USUAL_FOLDERS,
): Promise<BinarySearch> {
  const folders = [...new Set([...pathFolders(env), ...usualFolders])];
  const refused: string[] = [];
  for (const path of folders.flatMap((folder) => kind.executables.map((name) => join(folder, name)))) {
    if (!(await isExecutable(path))) continue;
    const { output } = await runCommand(path, ['--version'], { env, timeoutMs: 10_000 });
    const product = kind.identify(output);
    if (typeof product !== 'string') return { binary: { path, ...product } };
    refused.push(`${path} ${product}`);
  }
  const names = kind.executables.join(' or ');
  if (refused.length > 0) return { reason: `no usable ${names}: ${refused.join(', ')}` };
  return { reason: `no ${names} in ${folders.join(', ')}` };
}

/** True when `version` is at least `minimum`, comparing major and minor numbers. */
export function isAtLeast(version: string, minimum: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [minMajor = 0, minMinor = 0] = minimum.split('.').map(Number);
  return major > minMajor || (major === minMajor && minor >= minMinor);
}
