/** The figures of docs/procedures-compared.md, from samples that are written down here, and its table. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ddlStory } from '../e2e/measure/ddl.ts';
import { figuresOf } from '../e2e/measure/figures.ts';
import { comparisonText } from '../e2e/measure/generate.ts';
import { lastMeasured, procedures } from '../e2e/measure/record.ts';
import { measured } from '../e2e/measure/sample.ts';
import type { PodSight, Sample } from '../e2e/measure/sample.ts';

const clusters = ['east', 'west', 'south'];

/** One PD, TiKV and TiDB in each cluster, all well but those named, such as `pd/east`. */
function sample(at: number, { away = [], dead = [], leaderless = [], ddlPaused = false }: { away?: string[]; dead?: string[]; leaderless?: string[]; ddlPaused?: boolean } = {}): Sample {
  const pods = clusters.flatMap((kubernetesCluster) => measured.map((component): PodSight => {
    const name = `${component}/${kubernetesCluster}`;
    const alive = !dead.includes(name);
    return { kubernetesCluster, component, pod: name, away: away.includes(name) || dead.includes(name), alive, healthy: alive && !leaderless.includes(name) };
  }));
  return { at, pods, ddlPaused };
}

test('a quiet time has no bad figure', () => {
  expect(figuresOf([sample(0), sample(100), sample(200)])).toEqual({
    samples: 3, seconds: 0, longestGapMs: 100,
    pd: { members: 3, majority: 2, leastAlive: 3, leastHealthy: 3, longestBelowMajorityMs: 0 },
    tidbClusters: { mostAtOnce: 0, togetherMs: 0 }, mostAway: { pd: 0, tikv: 0, tidb: 0 }, longestWithoutTidbMs: 0, ddlPausedMs: 0,
  });
});

test('one PD of three away is no loss of majority; two are, for as long as it lasts', () => {
  const one = figuresOf([sample(0), sample(100, { dead: ['pd/east'] }), sample(200)]);
  expect(one.pd).toMatchObject({ leastAlive: 2, longestBelowMajorityMs: 0 });
  const two = figuresOf([sample(0), sample(100, { dead: ['pd/east', 'pd/west'] }), sample(200, { dead: ['pd/east', 'pd/west'] }), sample(350, { dead: ['pd/west'] }), sample(400, { dead: ['pd/east', 'pd/west'] }), sample(450)]);
  expect(two.pd).toMatchObject({ leastAlive: 1, leastHealthy: 1, longestBelowMajorityMs: 250 });
  expect(two.mostAway.pd).toBe(2);
});

test('a member amid an election is alive and not healthy, and no pod of it is away', () => {
  const figures = figuresOf([sample(0, { leaderless: ['pd/east', 'pd/west'] }), sample(100)]);
  expect(figures.pd).toMatchObject({ leastAlive: 3, leastHealthy: 1, longestBelowMajorityMs: 100 });
  expect(figures.tidbClusters.mostAtOnce).toBe(0);
});

test('two components of one TidbCluster are one disturbed TidbCluster, one component of two are two, and their time together is summed up', () => {
  expect(figuresOf([sample(0, { away: ['pd/east', 'tikv/east'] }), sample(100)]).tidbClusters).toEqual({ mostAtOnce: 1, togetherMs: 0 });
  const apart = figuresOf([sample(0, { away: ['pd/east', 'tikv/west'] }), sample(100), sample(200, { away: ['tidb/south', 'tidb/east'] }), sample(230)]);
  expect(apart.tidbClusters).toEqual({ mostAtOnce: 2, togetherMs: 130 });
});

test('time without TiDB, and with DDL paused, also where it lasts to the end', () => {
  const gone = { away: clusters.map((cluster) => `tidb/${cluster}`), ddlPaused: true };
  expect(figuresOf([sample(0), sample(100, gone), sample(200, gone)])).toMatchObject({ longestWithoutTidbMs: 100, ddlPausedMs: 100, mostAway: { tidb: 3 } });
});

test('nothing seen is no figure', () => {
  expect(() => figuresOf([])).toThrow('nothing to measure');
  expect(() => figuresOf([{ at: 0, pods: [], ddlPaused: undefined }])).toThrow('The watcher saw no PD');
});

test('who paused DDL is read from the diary, of one TiDB cluster and from one moment on', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tidb-runbooks-ddl-'));
  const fact = (time: string, kind: string, database: string, kubernetesCluster: string): string => `${JSON.stringify({ time, kind, database, kubernetesCluster })}\n`;
  const file = join(directory, 'events.jsonl');
  writeFileSync(file, [fact('2026-01-01', 'ddl-paused', 'shop', 'east'), fact('2026-01-03', 'ddl-paused', 'shop', 'west'), fact('2026-01-04', 'ddl-paused', 'other', 'east'), fact('2026-01-05', 'member-up', 'shop', 'east'), fact('2026-01-06', 'ddl-resumed', 'shop', 'west')].join(''));
  expect(ddlStory(file, 'shop', '2026-01-02')).toEqual(['paused by west', 'resumed by west']);
  rmSync(directory, { recursive: true });
});

test('docs/procedures-compared.md is what was measured last, of every procedure', () => {
  expect(readFileSync(new URL('../../docs/procedures-compared.md', import.meta.url), 'utf8')).toBe(comparisonText(lastMeasured));
  expect(procedures.filter(({ id }) => lastMeasured(id) === undefined)).toEqual([]);
  expect(comparisonText(() => undefined)).toContain('not measured');
});

test('what was measured last of tidb-runbooks keeps what it promises', () => {
  const ours = procedures.filter(({ id }) => id.startsWith('runbook')).map(({ id }) => lastMeasured(id));
  expect(ours.length).toBeGreaterThan(0);
  for (const figures of ours) {
    expect(figures?.pd.leastHealthy).toBeGreaterThanOrEqual(figures?.pd.majority ?? Infinity);
    expect(figures?.tidbClusters).toEqual({ mostAtOnce: 1, togetherMs: 0 });
  }
});
