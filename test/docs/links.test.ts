/** Every relative link of the documents leads to a file, and every document is reached from the README. */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const root = join(__dirname, '../..');
const documents = ['README.md', 'CHANGELOG.md', ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md')).map((name) => join('docs', name))];

/** Paths from the root that a document links to; addresses on the web are left out. */
const linksIn = (document: string): string[] =>
  [...readFileSync(join(root, document), 'utf8').matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, target = '']) => target).filter((target) => !/^https?:/.test(target)).map((target) => relative(root, join(root, dirname(document), target)));

test.each(documents)('%s links only to what exists', (document) => {
  expect(linksIn(document).filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test('every document is linked from README.md, itself or by its folder', () => {
  const linked = linksIn('README.md');
  const folders = linked.filter((path) => statSync(join(root, path)).isDirectory());
  expect(documents.filter((document) => document !== 'README.md' && !linked.includes(document) && !folders.includes(dirname(document)))).toEqual([]);
});

test('decisions are numbered one after the other', () => {
  const numbers = readdirSync(join(root, 'docs/adr')).map((name) => Number(name.slice(0, 4)));
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
});
