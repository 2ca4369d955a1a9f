import { readFile } from 'node:fs/promises';
import { findExecutable, pathFolders, runCommand, tailOf } from './command.js';
import { PackageInstallError } from './servers.errors.js';

// Installs without starting or enabling a service: policy-rc.d is Debian's own switch for that, and it is put back after.
const INSTALL = `
set -e
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\\nexit 101\\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -q update
names=
for wanted in "$@"; do
  # older Ubuntu releases have the name only with a version behind it
  apt-cache show "$wanted" >/dev/null 2>&1 || wanted=$(apt-cache pkgnames "$wanted-" | sort -V | tail -n 1)
  names="$names $wanted"
done
apt-get -q -y --no-install-recommends install $names
for name in $names; do
  if [ -e "/etc/init.d/$name" ]; then update-rc.d "$name" disable; fi
done
`;
const INSTALL_MS = 600_000;

/** How to act as root here: nothing before the command, `sudo -n`, or the reason why not. */
type RootAccess = { readonly prefix: readonly string[] } | { readonly reason: string };

/**
 * Installs the packages with the distribution's tool, starting no service. Returns why that is not possible here, or undefined
 * when they are installed. Rejects with `PackageInstallError` when the tool was tried and failed.
 */
export async function installPackages(
  packages: readonly string[],
  env: NodeJS.ProcessEnv,
  onProgress: (line: string) => void,
): Promise<string | undefined> {
  const access = await rootAccess(env);
  if ('reason' in access) return access.reason;
  const names = packages.join(' and ');
  onProgress(`installing the distribution's packages ${names} with apt-get (no service is started)`);
  const [command = 'sh', ...args] = [...access.prefix, 'sh', '-c', INSTALL, 'sh', ...packages];
  const { code, output } = await runCommand(command, args, { env, timeoutMs: INSTALL_MS });
  if (code !== 0) throw new PackageInstallError(names, tailOf(output));
  return undefined;
}

async function rootAccess(env: NodeJS.ProcessEnv): Promise<RootAccess> {
  if (!/^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(await readFile('/etc/os-release', 'utf8').catch(() => ''))) {
    return { reason: 'packages: this is neither Debian nor Ubuntu' };
  }
  if (!(await findExecutable('apt-get', pathFolders(env)))) return { reason: 'packages: no apt-get on the PATH' };
  if (process.getuid?.() === 0) return { prefix: [] };
  const sudo = await runCommand('sudo', ['-n', 'true'], { env, timeoutMs: 10_000 });
  return sudo.code === 0
    ? { prefix: ['sudo', '-n'] }
    : { reason: 'packages: neither root nor sudo without a password' };
}
