/** What people do to a run, and what a run does to other runs. */
import { readFileSync } from 'node:fs';
import { changedNothing } from '../../lab/oracle/changed-nothing.ts';
import { historyText } from './histories.ts';
import { Scenario, bare, to } from './scenario.ts';
import type { KubernetesCluster } from './scenario.ts';

jest.setTimeout(300_000);

let scenario: Scenario;
afterEach(() => scenario.end());

const lease = (name: string): string => `/apis/coordination.k8s.io/v1/namespaces/${name}/leases/tidb-runbooks-${name}`;
/** A roll of TiKV that cannot end before what is returned is called: what people do meets it in the middle. */
const held = (cluster: KubernetesCluster): Promise<() => Promise<void>> =>
  scenario.fault({ kind: 'leaders-frozen', scope: { database: scenario.name, pod: `${scenario.name}-${cluster}-tikv-0` } });
const isWaiting = (id: string) => (status: { steps: { id: string; state: string }[] }) => status.steps.some((step) => step.id === id && step.state === 'waiting');

async function versionIn(cluster: KubernetesCluster, component: string): Promise<string | undefined> {
  const { spec } = await scenario.tidbCluster(cluster);
  return (spec as Record<string, { version?: string }>)[component]?.version;
}

test('a second run on the same TiDB cluster is refused at once and names the holder; an abort in the middle leaves what it says; the next run adopts it', async () => {
  scenario = await Scenario.begin('tworuns');
  await scenario.worker();
  const goOn = await held('east');
  const first = await scenario.upgrade();
  await scenario.until(first, isWaiting('tikv/east'));

  const second = await scenario.upgrade();
  await expect(second.result()).rejects.toMatchObject({ cause: { type: 'Locked', message: expect.stringContaining(first.workflowId) } });

  await scenario.decide(first, { decision: 'abort', by: 'alice', reason: 'enough for tonight' });
  const report = await scenario.report(first);
  expect(report.phase).toBe('aborted');
  expect(report.remains.join('\n')).toMatch(/TiKV in east.*TiDB Operator goes on with it/);
  expect(report.steps.find((step) => step.id === 'tikv/west')?.state).toBe('stopped');
  expect(await versionIn('west', 'tikv')).toBeUndefined();
  await expect(scenario.admin('east').get(lease('tworuns'))).rejects.toThrow(/not found/);

  await goOn();
  await scenario.eventually('TiDB Operator has ended the roll of TiKV in east', async () => {
    const store = (await scenario.lab.database('tworuns')).stores.find(({ origin }) => origin.kubernetesCluster === 'east');
    return store?.state === 'Up' && bare(store.version) === bare(to) && !store.isEvicting;
  });
  const third = await scenario.report(await scenario.upgrade());
  expect(third.phase).toBe('done');
  expect(third.steps.find((step) => step.id === 'pd/east')?.state).toBe('adopted');
});

test('the lock of a run that was terminated is taken over by the next one, with its brake', async () => {
  scenario = await Scenario.begin('takeover', { replicas: { pd: 1, tikv: 2, tidb: 1 } });
  await scenario.worker();
  const goOn = await held('east');
  const first = await scenario.upgrade();
  await scenario.until(first, isWaiting('tikv/east'));
  await scenario.decide(first, { decision: 'pause', by: 'alice', hard: true });
  await scenario.eventually('the brake is set', async () => (await scenario.tidbCluster('east'))['spec'].paused === true);
  await first.terminate('the test ends it without clean-up');
  await goOn();
  const report = await scenario.report(await scenario.upgrade());
  expect(report.phase).toBe('done');
  expect((await scenario.tidbCluster('east'))['spec'].paused ?? false).toBe(false);
});

test('a hard pause freezes the roll and resume lets it go on', async () => {
  scenario = await Scenario.begin('hardpause', { replicas: { pd: 1, tikv: 3, tidb: 1 } });
  await scenario.worker();
  const goOn = await held('west');
  const run = await scenario.upgrade();
  await scenario.until(run, isWaiting('tikv/west'));
  await scenario.decide(run, { decision: 'pause', by: 'alice', hard: true });
  await scenario.until(run, (status) => status.phase === 'paused');
  expect((await scenario.tidbCluster('west')).metadata['annotations']['tidb-runbooks.io/brake']).toContain('alice');
  await goOn();
  await scenario.decide(run, { decision: 'resume', by: 'alice' });
  expect((await scenario.report(run)).phase).toBe('done');
});

test('a plan changes nothing, as the audit logs show; with TLS between components no secret enters history', async () => {
  scenario = await Scenario.begin('planonly', { tls: true });
  for (const cluster of ['east', 'west', 'south'] as const) {
    await scenario.admin(cluster).create('/apis/rbac.authorization.k8s.io/v1/namespaces/planonly/rolebindings', {
      metadata: { name: 'tidb-runbooks-tls' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'tidb-runbooks-tls' },
      subjects: [{ kind: 'ServiceAccount', name: 'tidb-runbooks', namespace: 'tidb-runbooks' }],
    });
  }
  const worker = await scenario.worker();
  const since = new Date().toISOString();
  const plan = await (await scenario.upgrade({ mode: 'plan' })).result();
  expect(plan).toMatchObject({ mode: 'plan', plan: { cluster: 'planonly', hash: expect.stringMatching(/^[0-9a-f]{12}$/) } });
  expect(await changedNothing({ ...scenario.evidence, since })).toMatchObject({ held: true });

  const run = await scenario.upgrade();
  expect((await scenario.report(run)).phase).toBe('done');
  const history = await historyText(run);
  expect(history).toContain('planonly-east');
  const secrets = await Promise.all((['east', 'west', 'south'] as const).map(async (cluster) => (await scenario.admin(cluster).get(`/api/v1/namespaces/planonly/secrets/planonly-${cluster}-cluster-client-secret`))['data'] as Record<string, string>));
  const kubeconfig = readFileSync(scenario.lab.lab.kubeconfig, 'utf8');
  const tokens = [...kubeconfig.matchAll(/"token":\s*"([^"]+)"/g)].map((match) => match[1] ?? '');
  const planted = [...secrets.flatMap((data) => [data['tls.key'] ?? '', Buffer.from(data['tls.key'] ?? '', 'base64').toString().split('\n')[1] ?? '']), ...tokens];
  expect(planted.length).toBeGreaterThanOrEqual(9);
  const log = readFileSync(worker.log, 'utf8');
  for (const secret of planted) {
    expect(secret.length).toBeGreaterThan(20);
    expect(history).not.toContain(secret);
    expect(log).not.toContain(secret);
  }
});

test('PD is reached directly where the inventory says so', async () => {
  scenario = await Scenario.begin('direct');
  const pods = await scenario.admin('east').list('/api/v1/namespaces/direct/pods');
  const pd = pods.items.find((pod) => pod.metadata['name'] === 'direct-east-pd-0');
  scenario.writeInventory({ pd: { access: 'direct', urls: [`http://${pd?.['status'].podIP as string}:2379`] } });
  await scenario.worker();
  const plan = await (await scenario.upgrade({ mode: 'plan', version: to })).result();
  expect(plan).toMatchObject({ plan: { clusterId: (await scenario.lab.database('direct')).clusterId } });
});
