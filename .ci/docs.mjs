// Checks the documentation: every ```ts block compiles against the built libraries, every relative link has a target, and
// every metric that a dashboard asks for exists.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const pages = git('ls-files', '--cached', '--others', '--exclude-standard', '*.md').filter((page) => existsSync(page));
const dashboards = git('ls-files', 'docs/**/*.json');
const faults = [...checkSnippets(pages), ...pages.flatMap(checkLinks), ...dashboards.flatMap(checkMetrics)];
for (const fault of faults) process.stderr.write(`${fault}\n`);
process.stdout.write(`docs: ${pages.length} pages, ${faults.length} faults\n`);
process.exitCode = faults.length === 0 ? 0 : 1;

function git(...args) {
  return spawnSync('git', args, { encoding: 'utf8' }).stdout.split('\n').filter(Boolean);
}

/** The blocks of one page, each with the number of the line above its first. */
function snippetsOf(page) {
  const snippets = [];
  let open;
  readFileSync(page, 'utf8')
    .split('\n')
    .forEach((line, index) => {
      if (open) {
        if (line.trim() === '```') {
          snippets.push(open);
          open = undefined;
        } else open.lines.push(line);
      } else if (line.trim() === '```ts') open = { page, above: index + 1, lines: [] };
    });
  return snippets;
}

/** Compiles all blocks at once, each a module of its own whose line numbers are those of its page. */
function checkSnippets(all) {
  const folder = join('.data', `snippets-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  const names = new Map();
  for (const [number, { page, above, lines }] of all.flatMap(snippetsOf).entries()) {
    names.set(`snippet-${number}.ts`, page);
    writeFileSync(join(folder, `snippet-${number}.ts`), `${'\n'.repeat(above)}${lines.join('\n')}\nexport {};\n`);
  }
  const compilerOptions = {
    noEmit: true,
    composite: false,
    incremental: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
    types: ['node', 'jest'],
  };
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: '../../tsconfig.base.json', compilerOptions, include: ['*.ts'] }),
  );
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [join('node_modules', '.bin', 'tsc'), '-p', folder, '--pretty', 'false'],
    { encoding: 'utf8' },
  );
  rmSync(folder, { recursive: true });
  if (status !== 0 && stdout.trim() === '') return [`the snippets could not be compiled: ${stderr}`];
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => line.replace(/^.*?(snippet-\d+\.ts)\((\d+),\d+\)/, (_, file, at) => `${names.get(file)}:${at}`));
}

function checkLinks(page) {
  const text = readFileSync(page, 'utf8').replaceAll(/^```.*?^```/gms, (block) => block.replaceAll(/[^\n]/g, ''));
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(({ 1: link, index }) => {
    const fault = faultOf(page, link);
    return fault ? [`${page}:${text.slice(0, index).split('\n').length}: ${link}: ${fault}`] : [];
  });
}

function faultOf(page, link) {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [path, anchor] = link.split('#');
  const target = path === '' ? page : resolve(dirname(page), path);
  if (!existsSync(target)) return 'no such file';
  if (anchor === undefined || statSync(target).isDirectory()) return undefined;
  return anchorsOf(target).has(anchor) ? undefined : 'no such heading';
}

/** As GitHub derives them from headings. */
function anchorsOf(page) {
  const text = readFileSync(page, 'utf8').replaceAll(/^```.*?^```/gms, '');
  const slugs = [...text.matchAll(/^#+ +(.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
  return new Set(slugs);
}

function checkMetrics(dashboard) {
  const sources = git('ls-files', 'libs/*.metrics.ts')
    .map((file) => readFileSync(file, 'utf8'))
    .join();
  const names = new Set(readFileSync(dashboard, 'utf8').match(/coti_safesync_[a-z_]+/g));
  const known = (name) => sources.includes(`'${name.replace(/_(bucket|sum|count)$/, '')}'`);
  return [...names].filter((name) => !known(name)).map((name) => `${dashboard}: no library has the metric ${name}`);
}
