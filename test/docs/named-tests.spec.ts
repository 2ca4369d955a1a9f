import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ROOT } from './library-source.js';

/** A test that a page names as proof: `[title](path of its file)`. */
interface NamedTest {
  readonly page: string;
  readonly title: string;
  readonly file: string;
}

const NAMED_TEST = /\[`([^\]]+?)`\]\(([^)\s]+\.(?:spec|int-spec|e2e-spec)\.ts)\)/g;

const pages = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
];
const named = pages.flatMap(namedTests);

function namedTests(page: string): NamedTest[] {
  return [...readFileSync(join(ROOT, page), 'utf8').matchAll(NAMED_TEST)].map(([, title = '', path = '']) => ({
    page,
    title: title.replaceAll(/\s+/g, ' '),
    file: relative(ROOT, join(ROOT, dirname(page), path)),
  }));
}

describe('tests that the documentation names', () => {
  it('are named', () => {
    expect(named.map(({ page }) => page)).toEqual(expect.arrayContaining(['README.md', 'docs/concepts/delivery.md']));
  });

  it.each(named.map((test) => [test.page, test.file, test.title] as const))('%s: %s has "%s"', (_, file, title) => {
    expect(existsSync(join(ROOT, file))).toBe(true);
    expect(readFileSync(join(ROOT, file), 'utf8').replaceAll("\\'", "'")).toContain(title);
  });
});
