/**
 * The same upgrade in three ways against the real operator: by this project, by hand as the documents have it, and all TidbClusters at once.
 * What each did to the database is measured from the members' own view, every 100 ms, and printed as one table.
 */
import { Scenario, clusters, to } from '../faults/scenario.ts';
import type { KubernetesCluster } from '../faults/scenario.ts';
import { Measure } from './measure.ts';
import type { Figures } from './measure.ts';

jest.setTimeout(900_000);

const components = ['pd', 'tikv', 'tidb'] as const;
const table: Record<string, Figures> = {};

let scenario: Scenario;
beforeAll(async () => {
  scenario = await Scenario.begin('procedures');
});
afterAll(async () => {
  await scenario.end();
  const rows = Object.entries(table).map(([procedure, figures]) => ({ procedure, ...figures, ddl: figures.ddl.join(' → ') }));
  process.stdout.write(`\n${rows.map((row) => Object.entries(row).map(([key, value]) => `${key}: ${value}`).join(' · ')).join('\n')}\n`);
});

async function measured(procedure: string, work: () => Promise<void>): Promise<Figures> {
  const measure = Measure.start(scenario.lab, scenario.name);
  await work().finally(async () => (table[procedure] = await measure.stop()));
  return table[procedure] as Figures;
}

/** As the documents say: wait until the pods of the component run the new version. */
async function podsRun(cluster: KubernetesCluster, component: (typeof components)[number], version: string): Promise<void> {
  const labels = encodeURIComponent(`app.kubernetes.io/instance=${scenario.name}-${cluster},app.kubernetes.io/component=${component}`);
  await scenario.eventually(`${component} in ${cluster} runs ${version}`, async () => {
    const { items } = await scenario.admin(cluster).list(`/api/v1/namespaces/${scenario.name}/pods?labelSelector=${labels}`);
    const isNew = (pod: Record<string, unknown>): boolean => JSON.stringify(pod['spec']).includes(`pingcap/${component}:${version}`) && (pod['status'] as { phase?: string }).phase === 'Running';
    return items.length > 0 && items.every((pod) => isNew(pod) && !pod.metadata['deletionTimestamp']);
  }, 120_000);
}

async function everythingRuns(version: string): Promise<void> {
  await scenario.eventually(`everything runs ${version} and is healthy`, async () => {
    const { members, stores, servers, leader } = await scenario.lab.database(scenario.name);
    const isOf = (each: { version: string }): boolean => each.version.replace(/^v/, '') === version.replace(/^v/, '');
    return leader !== null && members.every((each) => isOf(each) && each.healthy) && stores.every((each) => isOf(each) && each.isServing && each.state === 'Up') && servers.every((each) => isOf(each) && each.alive);
  }, 180_000);
}

test('this project: never less than two of three PDs, never two TidbClusters disturbed at once', async () => {
  await scenario.worker();
  const figures = await measured('this project', async () => {
    const report = await scenario.report(await scenario.upgrade());
    expect(report.phase).toBe('done');
  });
  expect(figures.pdMembers).toBe(clusters.length);
  expect(figures.fewestHealthyPds).toBeGreaterThanOrEqual(2);
  expect(figures.mostTidbClustersDisturbed).toBe(1);
});

test('the documented procedure by hand comes to its end, with what figures the table says', async () => {
  const figures = await measured('by hand', async () => {
    for (const component of components) {
      for (const cluster of clusters) {
        await scenario.patch(cluster, { spec: { [component]: { version: 'v8.5.5' } } });
        await podsRun(cluster, component, 'v8.5.5');
      }
    }
    await everythingRuns('v8.5.5');
  });
  expect(figures.samples).toBeGreaterThan(0);
});

test('all TidbClusters at once: several of them are disturbed together', async () => {
  const figures = await measured('all at once', async () => {
    const patch = { spec: { version: 'v8.5.6', ...Object.fromEntries(components.map((component) => [component, { version: null }])) } };
    await Promise.all(clusters.map((cluster) => scenario.patch(cluster, patch)));
    await everythingRuns('v8.5.6');
  });
  expect(figures.mostTidbClustersDisturbed).toBeGreaterThan(1);
  expect(to).not.toBe('v8.5.6');
});
