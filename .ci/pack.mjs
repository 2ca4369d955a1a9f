// Packs every library into dist/packages and checks what each tarball holds. With --verify, installs the tarballs into scratch
// applications as a user would: Nest 12 as ES modules and Nest 11 as CommonJS.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { verify } from './scratch/verify.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const packages = join('dist', 'packages');
const libraries = readdirSync('libs').filter((name) => existsSync(join('libs', name, 'package.json')));

for (const library of libraries) removeStale(join('libs', library, 'dist'), join('libs', library, 'src'));
rmSync(packages, { recursive: true, force: true });
mkdirSync(packages, { recursive: true });
const tarballs = libraries.map(pack);
if (process.argv.includes('--verify')) await verify(tarballs).catch((error) => fail(error.message));

/** What the compiler made of a source file that is gone by now would be packed too. */
function removeStale(dist, src) {
  for (const entry of readdirSync(dist, { recursive: true })) {
    const source = join(src, entry.replace(/\.(d\.ts|js)(\.map)?$/, '.ts'));
    if (/\.(js|ts|map)$/.test(entry) && !existsSync(source)) rmSync(join(dist, entry));
  }
}

function pack(library) {
  const { status, stdout, stderr } = spawnSync(
    'npm',
    ['pack', '--json', '--pack-destination', packages, '--workspace', `libs/${library}`],
    { encoding: 'utf8' },
  );
  if (status !== 0) fail(`npm pack of libs/${library} ended with ${status}:\n${stderr}`);
  const [{ filename, files, name, version, size }] = JSON.parse(stdout);
  const manifest = JSON.parse(readFileSync(join('libs', library, 'package.json'), 'utf8'));
  const faults = [...faultsOf(manifest), ...files.flatMap(({ path }) => fileFault(path))];
  for (const path of ['dist/index.js', ...Object.values(manifest.bin ?? {})]) {
    if (!files.some((file) => file.path === path)) faults.push(`${path} is missing`);
  }
  if (faults.length > 0) fail(`${name}:\n  ${faults.join('\n  ')}`);
  process.stdout.write(`pack: ${name} ${version}, ${files.length} files, ${Math.ceil(size / 1024)} KiB\n`);
  return join(process.cwd(), packages, filename.replace('@', '').replace('/', '-'));
}

/** A library runs nothing at installation. */
function faultsOf({ scripts = {} }) {
  return ['preinstall', 'install', 'postinstall', 'prepare']
    .filter((name) => name in scripts)
    .map((name) => `has a script "${name}"`);
}

function fileFault(path) {
  if (/\.(spec|int-spec|e2e-spec)\.|tsbuildinfo/.test(path)) return [`${path} has no business in a package`];
  return /^(dist\/.*\.(js|d\.ts|map)|package\.json|README\.md|LICENSE)$/.test(path) ? [] : [`${path} is unexpected`];
}

function fail(message) {
  process.stderr.write(`pack: ${message}\n`);
  process.exit(1);
}
