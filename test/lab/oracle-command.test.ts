/** The command `node lab/oracle/main.ts <directory>`: finds the logs of a lab, prints its verdict, and ends with a code for scripts. */
import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { iso, Story } from './oracle-story.ts';

const directories: string[] = [];
afterAll(() => directories.forEach((directory) => rmSync(directory, { recursive: true })));

function labWith(story: Story): string {
  const { directory, events, auditLogs } = story.write();
  directories.push(directory);
  const kubernetesClusters = Object.entries(auditLogs).map(([name, auditLog]) => ({ name, server: '', proxyServer: '', auditLog }));
  writeFileSync(join(directory, 'lab.json'), JSON.stringify({ pid: 0, preset: 'fast', control: '', events, adminKubeconfig: '', kubeconfig: '', kubernetesClusters }));
  return directory;
}

function oracle(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync('node_modules/.bin/node', ['--disable-warning=ExperimentalWarning', 'lab/oracle/main.ts', ...args], { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });
  return { code: status, out: stdout, err: stderr };
}

it('prints what held, what changed and in which order, and ends with 0', () => {
  const { code, out, err } = oracle(labWith(new Story().wholeUpgrade()), '--expect-changes');
  expect([code, err]).toEqual([0, '']);
  expect(out).toContain('held    one disruption at a time');
  expect(out).toContain(`${iso(40.01)}  east   shop/shop-east   tidb-runbooks:tidb-runbooks (tidb-runbooks/0.1.0)  spec.tikv.version v8.5.3 → v8.5.4`);
  expect(out).toContain('pd/east, pd/west, pd/south, tikv/east');
});

it('names what was broken, and ends with 1', () => {
  const { code, out } = oracle(labWith(new Story().roll(10, 'west', 'pd').roll(20, 'east', 'pd')));
  expect(code).toBe(1);
  expect(out).toContain('BROKEN  changes come in the documented order');
});

it('gives the whole verdict as JSON', () => {
  const { out } = oracle(labWith(new Story().wholeUpgrade()), '--json', '--since', iso(35), '--until', iso(65));
  expect((JSON.parse(out) as { order: string[] }).order).toEqual(['tikv/east', 'tikv/west', 'tikv/south']);
});

it('ends with 2 and one sentence where it cannot judge', () => {
  expect(oracle('/nowhere')).toMatchObject({ code: 2, err: expect.stringContaining('There is no lab in /nowhere') });
  const several = labWith(new Story().fact(1, 'member-up', 'east', { database: 'other', member: 'x', alive: 1, members: 1 }));
  expect(oracle(several)).toMatchObject({ code: 2, err: expect.stringContaining('several TiDB clusters (shop, other). Choose one with --namespace or --database.') });
  expect(oracle(several, '--database', 'shop').code).toBe(0);
  expect(oracle(several, '--namespace', 'typo')).toMatchObject({ code: 2, err: expect.stringContaining('has seen no such TiDB cluster') });
  expect(oracle(several, '--database', 'shop', '--since', 'noon')).toMatchObject({ code: 2, err: 'oracle: "noon" is no time. Write it like 2026-01-31T12:00:00Z.\n' });
});
