/** The image against the code: which Node, which user, which files, which ports. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

const root = join(__dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const lines = read('Dockerfile').split('\n');
/** The rest of every line that begins with `word`, in order. */
const all = (word: string): string[] => lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));

const { devDependencies, bin, scripts } = JSON.parse(read('package.json')) as { devDependencies: Record<string, string>; bin: Record<string, string>; scripts: Record<string, string> };

test('runs the Node of package.json, on Debian slim, in both stages', () => {
  expect(all('FROM').map((from) => from.split(' ')[0])).toEqual(Array.from({ length: 2 }, () => `node:${devDependencies['node']}-bookworm-slim`));
});

test('does not run as root', () => {
  expect(all('USER')).toEqual(['node']);
  expect(lines.indexOf('USER node')).toBeGreaterThan(lines.findLastIndex((line) => line.startsWith('RUN ')));
});

test('starts what the build makes, without a shell, so that SIGTERM reaches it', () => {
  expect(scripts['build']).toContain('tsconfig.build.json');
  const { compilerOptions } = JSON.parse(read('tsconfig.build.json')) as { compilerOptions: { rootDir: string; outDir: string } };
  const [, path = ''] = JSON.parse(all('CMD')[0] ?? '[]') as string[];
  const source = path.replace(compilerOptions.outDir, compilerOptions.rootDir).replace(/\.js$/, '.ts');
  expect(existsSync(join(root, source))).toBe(true);
  expect(source).toBe('src/worker.ts');
});

test('has the command line in its path', () => {
  expect(all('RUN').join('\n')).toContain(`ln -s /app/${bin['tidb-runbook']} /usr/local/bin/tidb-runbook`);
});

test('copies only what exists, and .dockerignore lets it through', () => {
  const copied = all('COPY').filter((line) => !line.startsWith('--from')).flatMap((line) => line.split(' ').slice(0, -1)).map((path) => path.replace(/^\.\//, ''));
  const allowed = read('.dockerignore').split('\n').filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  expect(copied.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  expect(copied.toSorted()).toEqual(allowed.toSorted());
  expect(read('.dockerignore').split('\n')[0]).toBe('*');
});

test('exposes the ports that docker-compose.yml uses', () => {
  const { services } = parse(read('docker-compose.yml')) as { services: { worker: { environment: Record<string, string> } } };
  const used = Object.entries(services.worker.environment).filter(([name]) => /^TIDB_RUNBOOKS_(METRICS|HEALTH)_ADDRESS$/.test(name)).map(([, address]) => address.replace(/^.*:/, ''));
  expect((all('EXPOSE')[0] ?? '').split(' ').toSorted()).toEqual(used.toSorted());
});
