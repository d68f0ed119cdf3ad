/** The whole lab: do the twins on real control planes behave as tidb-operator v1 and PD do? */
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'undici';
import type { DeploymentInput } from '../../../lab/client.ts';
import { plightOf } from '../../../lab/deploy/plight.ts';
import type { KubernetesApi } from '../../../lab/kubernetes-api.ts';
import type { TidbCluster } from '../../../lab/operator/tidb-cluster.ts';
import { isConditionTrue } from '../../../lab/process/kubernetes-objects.ts';
import type { Pod, StatefulSet } from '../../../lab/process/kubernetes-objects.ts';
import { RunningLab, until } from './running-lab.ts';

const lab = new RunningLab();
const { client } = lab;

interface Event {
  reason: string;
  message: string;
}

jest.setTimeout(240_000);

afterAll(() => lab.leave());

const api = (name: string): KubernetesApi => lab.api(name);
const clusterPath = (namespace: string, name: string): string => `/apis/pingcap.com/v1alpha1/namespaces/${namespace}/tidbclusters/${name}`;
const get = async <Kind>(at: string, path: string): Promise<Kind> => (await api(at).get(path)) as Kind;
const list = async <Kind>(at: string, path: string): Promise<Kind[]> => (await api(at).list(path)).items as unknown as Kind[];
const tidbCluster = (name: string, at = 'east'): Promise<TidbCluster> => get(at, clusterPath(name, `${name}-${at}`));
const setOf = (name: string, component: string): Promise<StatefulSet> => get('east', `/apis/apps/v1/namespaces/${name}/statefulsets/${name}-east-${component}`);
const patch = (name: string, spec: object, at = 'east'): Promise<unknown> => api(at).patch(clusterPath(name, `${name}-${at}`), { spec });
const readyOf = (cluster: TidbCluster): string | undefined => cluster.status?.conditions?.[0]?.reason;
const imageOf = ({ spec: { containers } }: Pick<Pod, 'spec'>): string | undefined => containers[0]?.image;
const eventsIn = async (name: string, at = 'east'): Promise<string[]> =>
  (await list<Event>(at, `/api/v1/namespaces/${name}/events`)).map(({ reason, message }) => `${reason}: ${message}`);
const decoded = (base64: string): string => Buffer.from(base64, 'base64').toString();
const podsOf = async (name: string, component: string, at = 'east'): Promise<Pod[]> =>
  list(at, `/api/v1/namespaces/${name}/pods?labelSelector=app.kubernetes.io/component=${component}`);
const renewTime = async (): Promise<number> =>
  Date.parse((await get<{ spec: { renewTime: string } }>('east', '/apis/coordination.k8s.io/v1/namespaces/tidb-admin/leases/tidb-controller-manager')).spec.renewTime);

const small = (name: string, east: object, west?: object): DeploymentInput => ({
  name, version: 'v8.5.3',
  members: [{ cluster: 'east', namespace: name, tidbCluster: `${name}-east`, replicas: east }, ...(west ? [{ cluster: 'west', namespace: name, tidbCluster: `${name}-west`, replicas: west }] : [])],
});

describe('a database over two Kubernetes clusters', () => {
  const name = 'roll';
  beforeAll(async () => void (await lab.deploy(small(name, { pd: 2, tikv: 2, tidb: 1 }, { pd: 1, tikv: 2, tidb: 1 }))));

  /** A change amid a roll would have it evict leaders from more stores than the others can take them. */
  const isRolled = (version: string, at = 'east'): Promise<boolean> =>
    until(async () => {
      const stores = (await client.database(name)).stores.filter(({ origin }) => origin.kubernetesCluster === at);
      return stores.every(({ state, isEvicting, version: running }) => state === 'Up' && !isEvicting && `v${running}` === version);
    }, `TiKV in ${at} is ${version}`);

  test('is one database with all members healthy, all stores Up and all regions whole', async () => {
    const database = await client.database(name);
    expect(database.members.map(({ healthy }) => healthy)).toEqual([true, true, true]);
    expect(database.stores.map(({ state }) => state)).toEqual(['Up', 'Up', 'Up', 'Up']);
    expect(database.regions).toMatchObject({ missing: 0, pending: 0 });
    expect((await tidbCluster(name)).status?.clusterID).toBe((await tidbCluster(name, 'west')).status?.clusterID);
  });

  test('shows the operator as alive, with its version', async () => {
    expect(Date.now() - (await renewTime())).toBeLessThan(15_000);
    const deployment = await get<StatefulSet>('east', '/apis/apps/v1/namespaces/tidb-admin/deployments/tidb-controller-manager');
    expect(imageOf(deployment.spec.template)).toMatch(/:v1\.6\.6$/);
    expect(deployment.status.readyReplicas).toBe(1);
  });

  test('is still Ready right after a patch; every status write bumps generation, so that a stale PUT conflicts', async () => {
    const before = await tidbCluster(name);
    const answer = await patch(name, { pd: { version: 'v8.5.4' } });
    expect(readyOf(answer as TidbCluster)).toBe('Ready');
    await until(async () => (await tidbCluster(name)).metadata.generation > before.metadata.generation + 1, 'the operator wrote status');
    await expect(api('east').replace(clusterPath(name, `${name}-east`), before)).rejects.toMatchObject({ status: 409 });
  });

  test('rolls PD from the highest ordinal, with Ready False meanwhile and True at the end', async () => {
    await until(async () => readyOf(await tidbCluster(name)) === 'StatefulSetNotUpToDate', 'Ready is False');
    await until(async () => (await client.database(name)).members.filter(({ version }) => version === 'v8.5.4').length === 2, 'both members are new');
    await until(async () => readyOf(await tidbCluster(name)) === 'Ready', 'Ready is True');
    const facts = (await readFile(client.lab.events, 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    const deleted = facts.filter((fact) => fact['database'] === name && fact['kind'] === 'pod-deleted').map((fact) => fact['pod']);
    expect(deleted).toEqual(['roll-east-pd-1', 'roll-east-pd-0']);
  });

  test('writes as tidb-controller-manager', async () => {
    const { metadata } = await get<{ metadata: { managedFields: { manager: string }[] } }>('east', clusterPath(name, `${name}-east`));
    expect(metadata.managedFields.map(({ manager }) => manager)).toContain('tidb-controller-manager');
  });

  test('rolls TiKV only after its leaders have left, one store after the other, without ever losing a region', async () => {
    await patch(name, { tikv: { version: 'v8.5.4' } });
    await until(async () => (await client.database(name)).stores.filter(({ version }) => version === '8.5.4').length === 2, 'both stores are new');
    await until(async () => (await client.database(name)).stores.every(({ isEvicting }) => !isEvicting), 'eviction has ended');
    const facts = (await readFile(client.lab.events, 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    const kinds = facts.filter((fact) => fact['database'] === name && String(fact['pod']).includes('tikv-1') && ['eviction-begin', 'pod-deleted', 'eviction-end'].includes(String(fact['kind'])));
    expect(kinds.map((fact) => fact['kind'])).toEqual(['eviction-begin', 'pod-deleted', 'eviction-end']);
  });

  test('an eviction that cannot finish stands still: new template, phase Upgrade, no event', async () => {
    const fault = await client.faultOn({ kind: 'leaders-frozen', scope: { database: name } });
    await patch(name, { tikv: { version: 'v8.5.4' } }, 'west');
    const evicting = await until(async () => (await client.database(name)).stores.find(({ isEvicting }) => isEvicting), 'an eviction began');
    expect(evicting.leaders).toBeGreaterThan(0);
    expect((await tidbCluster(name, 'west')).status?.tikv?.phase).toBe('Upgrade');
    expect((await podsOf(name, 'tikv', 'west')).map(imageOf)).toEqual(['pingcap/tikv:v8.5.3', 'pingcap/tikv:v8.5.3']);
    await client.faultOff(fault);
    await isRolled('v8.5.4', 'west');
  });

  test('PD answers on the pod\'s own address with ids as bare digits, and has no v2 members API', async () => {
    const pod = (await podsOf(name, 'pd'))[0]!;
    const base = `http://${pod.status.podIP}:2379`;
    const { members } = await client.database(name);
    expect(await (await request(`${base}/pd/api/v1/members`)).body.text()).toContain(`"member_id":${members[0]!.id},`);
    const list = await request(`${base}/v3/cluster/member/list`, { method: 'POST', body: '{}' });
    expect(await list.body.text()).toContain(`"ID":"${members[0]!.id}"`);
    expect((await request(`${base}/v2/members`)).statusCode).toBe(404);
  });

  test('paused: a new version changes nothing and Ready stays True', async () => {
    await until(async () => readyOf(await tidbCluster(name)) === 'Ready', 'Ready is True');
    await patch(name, { paused: true, tidb: { version: 'v8.5.4' } });
    await patch(name, { tidb: { replicas: 2 } });
    await until(async () => readyOf(await tidbCluster(name)) === 'TiDBUnhealthy', 'status is still refreshed');
    expect((await podsOf(name, 'tidb')).map(imageOf)).toEqual(['pingcap/tidb:v8.5.3']);
    await patch(name, { paused: false, tidb: { replicas: 1 } });
    await until(async () => (await podsOf(name, 'tidb')).every((pod) => imageOf(pod) === 'pingcap/tidb:v8.5.4'), 'the pause is over');
    await until(async () => readyOf(await tidbCluster(name)) === 'Ready', 'Ready is True');
  });

  test('a smooth upgrade paused DDL before and resumed it after, though the other TidbCluster still runs the old version', async () => {
    const facts = (await readFile(client.lab.events, 'utf8')).trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    await until(async () => !(await client.database(name)).ddlPaused, 'DDL goes on');
    expect(facts.filter((fact) => fact['database'] === name && String(fact['kind']).startsWith('ddl-')).map((fact) => fact['kind']).slice(0, 2)).toEqual(['ddl-paused', 'ddl-resumed']);
    expect((await client.database(name)).servers.map(({ version }) => version).sort()).toEqual(['v8.5.3', 'v8.5.4']);
  });

  test('an invalid spec is only an event; status and Ready stay', async () => {
    await patch(name, { pdAddresses: ['nowhere'] });
    await until(async () => (await eventsIn(name)).some((event) => event.startsWith('FailedValidation:')), 'the event is there');
    expect(readyOf(await tidbCluster(name))).toBe('Ready');
    await patch(name, { pdAddresses: null });
  });

  test('TiProxy across Kubernetes ends the pass: TiKV keeps its old image, without an event, until TiProxy is removed', async () => {
    const events = (await eventsIn(name)).length;
    await patch(name, { tiproxy: { replicas: 1, version: 'v1.3.0', baseImage: 'pingcap/tiproxy' }, tikv: { version: 'v8.5.3' } });
    await until(async () => readyOf(await tidbCluster(name)) === 'TiProxyUnhealthy', 'Ready is False');
    const image = async (): Promise<string | undefined> => imageOf((await setOf(name, 'tikv')).spec.template);
    expect(await image()).toBe('pingcap/tikv:v8.5.4');
    expect((await eventsIn(name)).length).toBe(events);
    await patch(name, { tiproxy: null });
    await until(async () => (await image()) === 'pingcap/tikv:v8.5.3', 'TiKV goes on');
    await isRolled('v8.5.3');
    await until(async () => readyOf(await tidbCluster(name)) === 'Ready', 'Ready is True');
  });

  test('an exit waits at max-replicas with two events, and runs to zero once the others suffice; Ready is True at zero', async () => {
    const west = ['pd', 'tikv', 'tidb'].map((component) => [component, { replicas: 0 }] as const);
    await until(async () => (await client.database(name)).stores.every(({ state, isEvicting }) => state === 'Up' && !isEvicting), 'the database is calm');
    await api('east').patch(clusterPath(name, `${name}-east`), { spec: { tikv: { replicas: 1 } } });
    await until(async () => (await client.database(name)).stores.some(({ state }) => state === 'Tombstone'), 'a store left');
    await patch(name, Object.fromEntries(west), 'west');
    const refusals = (): Promise<string[]> => eventsIn(name, 'west').then((events) => events.filter((event) => event.startsWith('FailedScaleIn')));
    await until(async () => (await refusals()).some((event) => event.includes('PD is in use')) && (await refusals()).some((event) => event.includes('MaxReplicas')), 'both refusals are there');
    await until(async () => readyOf(await tidbCluster(name, 'west')) === 'PDUnhealthy', 'Ready is False for PD, which is looked at first');
    await patch(name, { tikv: { replicas: 4 } });
    await until(async () => readyOf(await tidbCluster(name, 'west')) === 'Ready' && (await podsOf(name, 'pd', 'west')).length === 0, 'the exit is done');
    const left = await list<Pod>('west', `/api/v1/namespaces/${name}/pods?labelSelector=app.kubernetes.io/instance=${name}-west`);
    expect(left.map(({ metadata }) => metadata.labels?.['app.kubernetes.io/component'])).toEqual(['discovery']);
    const claims = await list<Pod>('west', `/api/v1/namespaces/${name}/persistentvolumeclaims`);
    expect(claims.every((claim) => claim.metadata.annotations?.['tidb.pingcap.com/pvc-defer-deleting'])).toBe(true);
    expect((await client.database(name)).members).toHaveLength(2);
  });
});

describe('faults', () => {
  const name = 'ill';
  beforeAll(async () => void (await lab.deploy(small(name, { pd: 1, tikv: 2, tidb: 1 }))));
  afterEach(() => client.allFaultsOff());

  test('two TiKV with three replicas lack a peer for ever', async () => {
    expect((await client.database(name)).regions.missing).toBeGreaterThan(0);
  });

  test('an image that cannot be pulled leaves the pod waiting, with a kubelet\'s events, until the fault ends', async () => {
    const fault = await client.faultOn({ kind: 'image-not-pullable', image: 'tidb:v8.5.4', scope: { database: name } });
    await patch(name, { tidb: { version: 'v8.5.4' } });
    const state = async (): Promise<unknown> => (await podsOf(name, 'tidb'))[0]?.status.containerStatuses?.[0]?.state;
    await until(async () => JSON.stringify(await state())?.includes('ImagePullBackOff'), 'the kubelet backs off');
    expect((await eventsIn(name)).filter((event) => /^(Failed|BackOff):/.test(event)).length).toBeGreaterThanOrEqual(2);
    await client.faultOff(fault);
    await until(async () => readyOf(await tidbCluster(name)) === 'Ready', 'the roll goes on');
  });

  test('a hanging store is Disconnected while its pod stays Ready', async () => {
    await client.faultOn({ kind: 'store-disconnected', scope: { database: name, pod: `${name}-east-tikv-0` } });
    await until(async () => (await client.database(name)).stores.some(({ state }) => state === 'Disconnected'), 'PD notices');
    await until(async () => readyOf(await tidbCluster(name)) === 'TiKVStoreNotUp', 'the operator notices');
    expect((await podsOf(name, 'tikv')).every((pod) => isConditionTrue(pod.status.conditions, 'Ready'))).toBe(true);
  });

  test('without a PD leader every member is alive and Ready stays as it was', async () => {
    await until(async () => readyOf(await tidbCluster(name)) === 'Ready', 'Ready is True');
    await client.faultOn({ kind: 'pd-leader-lost', scope: { database: name } });
    await until(async () => (await client.database(name)).leader === null, 'nobody leads');
    await until(async () => (await tidbCluster(name)).status?.pd?.synced === false, 'status says so');
    expect((await client.database(name)).members.every(({ alive }) => alive)).toBe(true);
    expect(readyOf(await tidbCluster(name))).toBe('Ready');
  });

  test('a stopped operator does nothing and renews no lease', async () => {
    await client.faultOn({ kind: 'operator-stopped', scope: { kubernetesCluster: 'east' } });
    await patch(name, { tidb: { version: 'v8.5.3' } });
    await until(async () => Date.now() - (await renewTime()) > 3_000, 'a renewal was missed');
    expect(imageOf((await setOf(name, 'tidb')).spec.template)).toBe('pingcap/tidb:v8.5.4');
  });

  test('an unknown fault is refused in one sentence', async () => {
    await expect(client.faultOn({ kind: 'api-server-stopped', scope: { kubernetesCluster: 'mars' } })).rejects.toThrow('no Kubernetes cluster "mars"');
  });
});

describe('a database that becomes one across Kubernetes', () => {
  const name = 'move';
  const newNames = ['move-east-pd-0.move-east-pd-peer.move.svc.east.local'];
  beforeAll(async () => {
    const member = { cluster: 'east', namespace: name, tidbCluster: `${name}-east`, acrossK8s: false, clusterDomain: '', replicas: { pd: 1, tikv: 1 } };
    await lab.deploy({ name, version: 'v8.3.0', maxReplicas: 1, spec: { configUpdateStrategy: 'InPlace' }, members: [member] });
  });

  test('with configuration in place the patch rolls nothing, Ready stays, and all healthy PDs count as unjoined', async () => {
    await patch(name, { acrossK8s: true, clusterDomain: 'east.local' });
    await until(async () => Object.keys((await tidbCluster(name)).status?.pd?.unjoinedMembers ?? {}).length === 1, 'the operator compares with the new names');
    expect(readyOf(await tidbCluster(name))).toBe('Ready');
    expect((await client.database(name)).members.map((member) => member.name)).toEqual([`${name}-east-pd-0`]);
  });

  test('a forced restart gives members their new name and client URL and leaves the peer URL', async () => {
    await patch(name, { pd: { annotations: { 'tidb.pingcap.com/restartedAt': 'now' } } });
    await until(async () => (await client.database(name)).members.every((member) => member.name === newNames[0] && member.healthy), 'PD is back');
    const [member] = (await client.database(name)).members;
    expect([member!.clientUrls, member!.peerUrls]).toEqual([[`http://${newNames[0]}:2379`], ['http://move-east-pd-0.move-east-pd-peer.move.svc:2380']]);
  });

  afterAll(() => api('west').remove(clusterPath(name, `${name}-west`)));

  test('another TidbCluster cannot join, and its PD crashes, until the peer URL has the domain', async () => {
    await api('west').create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    const { apiVersion, kind, spec } = await tidbCluster(name);
    const joining = { ...spec, clusterDomain: 'west.local', cluster: { name: `${name}-east`, namespace: name, clusterDomain: 'east.local' } };
    await api('west').create(clusterPath(name, '').slice(0, -1), { apiVersion, kind, metadata: { name: `${name}-west` }, spec: joining });
    const restarts = async (): Promise<number | undefined> => (await podsOf(name, 'pd', 'west'))[0]?.status.containerStatuses?.[0]?.restartCount;
    await until(async () => ((await restarts()) ?? 0) > 1, 'PD crashes again and again');
    expect(await plightOf({ namespace: name, tidbCluster: `${name}-west` }, api('west'))).toMatch(/^StatefulSets: move-west-pd 0\/1 ready; move-west-pd-0 \(Running, .+\) says ".+"; move-west-pd-0 cannot be asked: .+; operator: pd \w+, synced .+\.$/);
    const [member, ...others] = (await client.database(name)).members;
    expect(others).toEqual([]);
    const url = `http://${(await podsOf(name, 'pd'))[0]!.status.podIP}:2379/v3/cluster/member/update`;
    await request(url, { method: 'POST', body: JSON.stringify({ ID: member!.id, peerURLs: [`http://${newNames[0]}:2380`] }) });
    await until(async () => readyOf(await tidbCluster(name, 'west')) === 'Ready', 'it joined');
    expect((await client.database(name)).members).toHaveLength(2);
  });

  test('a TidbCluster that left comes back in place: new PD member, new store id beside its Tombstone', async () => {
    const scale = (replicas: number): Promise<unknown> => patch(name, { pd: { replicas }, tikv: { replicas } }, 'west');
    const [before] = (await client.database(name)).members.filter(({ origin }) => origin.kubernetesCluster === 'west');
    await scale(0);
    await until(async () => (await client.database(name)).members.length === 1 && (await podsOf(name, 'pd', 'west')).length === 0, 'it left');
    await scale(1);
    await until(async () => (await client.database(name)).members.filter(({ healthy }) => healthy).length === 2 && readyOf(await tidbCluster(name, 'west')) === 'Ready', 'it is back');
    const database = await client.database(name);
    expect(database.members.find(({ origin }) => origin.kubernetesCluster === 'west')!.id).not.toBe(before!.id);
    expect(database.stores.filter(({ origin }) => origin.kubernetesCluster === 'west').map(({ state }) => state)).toEqual(['Tombstone', 'Up']);
  });
});

test('an API server that was away comes back with its data, and the twins go on', async () => {
  const name = 'gap';
  await lab.deploy({ ...small(name, { pd: 1, tikv: 1 }), maxReplicas: 1 });
  const fault = await client.faultOn({ kind: 'api-server-stopped', scope: { kubernetesCluster: 'east' } });
  await expect(tidbCluster(name)).rejects.toThrow();
  await client.faultOff(fault);
  await until(async () => (await tidbCluster(name).catch(() => undefined)) !== undefined, 'it answers');
  await patch(name, { pd: { version: 'v8.5.4' } });
  await until(async () => (await client.database(name)).members.every(({ version, healthy }) => version === 'v8.5.4' && healthy), 'PD was rolled');
});

test('TLS: PD demands a client certificate of the database\'s own authority', async () => {
  const name = 'safe';
  await lab.deploy({ ...small(name, { pd: 1, tikv: 1, tidb: 1 }), tls: true, maxReplicas: 1 });
  const { data } = await get<{ data: Record<'ca.crt' | 'tls.crt' | 'tls.key', string> }>('east', `/api/v1/namespaces/${name}/secrets/${name}-east-cluster-client-secret`);
  const credentials = { ca: decoded(data['ca.crt']), cert: decoded(data['tls.crt']), key: decoded(data['tls.key']) };
  const url = `https://${(await podsOf(name, 'pd'))[0]!.status.podIP}:2379/pd/api/v1/version`;
  const known = new Agent({ connect: { ...credentials, servername: `${name}-east-pd-0.${name}-east-pd-peer.${name}.svc.east.local` } });
  expect(await (await request(url, { dispatcher: known })).body.json()).toEqual({ version: 'v8.5.3' });
  const stranger = new Agent({ connect: { rejectUnauthorized: false } });
  await expect(request(url, { dispatcher: stranger })).rejects.toThrow();
  await Promise.all([known.close(), stranger.close()]);
  await lab.remove(name);
  expect(await list('east', `/api/v1/namespaces/${name}/persistentvolumeclaims`)).toEqual([]);
});
