/** The whole lab under exits and migrations: what the twins on real control planes do with removals, deleted objects, peer URLs and their faults. */
import { request } from 'undici';
import type { DeploymentInput } from '../../../lab/client.ts';
import type { KubernetesObject } from '../../../lab/kubernetes-api.ts';
import { isConditionTrue } from '../../../lab/process/kubernetes-objects.ts';
import type { Pod } from '../../../lab/process/kubernetes-objects.ts';
import { RunningLab, until } from './running-lab.ts';

const lab = new RunningLab();
const { client } = lab;

jest.setTimeout(240_000);
afterAll(() => lab.leave());
afterEach(() => client.allFaultsOff());

const list = async <Kind = KubernetesObject>(at: string, path: string): Promise<Kind[]> => (await lab.api(at).list(path)).items as unknown as Kind[];
const clusterPath = (name: string, at: string): string => `/apis/pingcap.com/v1alpha1/namespaces/${name}/tidbclusters/${name}-${at}`;
const patch = (name: string, at: string, spec: object): Promise<unknown> => lab.api(at).patch(clusterPath(name, at), { spec });
const podsOf = (name: string, at: string, component: string): Promise<Pod[]> => list<Pod>(at, `/api/v1/namespaces/${name}/pods?labelSelector=app.kubernetes.io/component=${component}`);
const logOf = async (name: string, at: string, pod: string): Promise<string> => lab.api(at).text(`/api/v1/namespaces/${name}/pods/${pod}/log`);
const refusalsIn = async (name: string, at: string): Promise<string[]> =>
  (await list(at, `/api/v1/namespaces/${name}/events`)).filter((event) => event['reason'] === 'FailedScaleIn').map((event) => String(event['message']));
const spread = (name: string, more: Partial<DeploymentInput> = {}): DeploymentInput => ({
  name, version: 'v8.5.3',
  members: ['east', 'west'].map((cluster) => ({ cluster, namespace: name, tidbCluster: `${name}-${cluster}`, replicas: cluster === 'east' ? { pd: 2, tikv: 3, tidb: 1 } : { pd: 1, tikv: 2, tidb: 1 }, storeLabels: { zone: cluster } })),
  ...more,
});

describe('a TidbCluster that leaves', () => {
  const name = 'leave';
  beforeAll(async () => void (await lab.deploy(spread(name, { maxReplicas: 2, database: { locationLabels: ['zone'] } }))));

  test('has stores with labels and room from the first moment', async () => {
    const { stores } = await client.database(name);
    expect(stores.map(({ origin, labels }) => [origin.kubernetesCluster, labels])).toEqual(expect.arrayContaining([['east', { zone: 'east' }], ['west', { zone: 'west' }]]));
    expect(stores.every(({ capacity, available }) => available < capacity)).toBe(true);
  });

  test('is refused by an operator that refuses, with an event', async () => {
    const fault = await client.faultOn({ kind: 'operator-refuses', scope: { database: name } });
    await patch(name, 'west', { tikv: { replicas: 1 } });
    await until(async () => (await refusalsIn(name, 'west')).some((message) => message.includes("can't scale in TiKV")), 'the refusal is there');
    expect((await podsOf(name, 'west', 'tikv'))).toHaveLength(2);
    await client.faultOff(fault);
    await until(async () => (await podsOf(name, 'west', 'tikv')).length === 1, 'the operator goes on');
  });

  test('keeps a store that never drains Offline with its pod, until it may drain', async () => {
    const fault = await client.faultOn({ kind: 'store-never-drains', scope: { database: name, kubernetesCluster: 'west' } });
    await patch(name, 'west', { tikv: { replicas: 0 } });
    const store = await until(async () => (await client.database(name)).stores.find(({ state }) => state === 'Offline'), 'a store is Offline');
    const pd = (await podsOf(name, 'east', 'pd'))[0]!.status.podIP;
    const progress = await request(`http://${pd}:2379/pd/api/v1/stores/progress?action=removing`);
    expect(await progress.body.json()).toMatchObject({ action: 'removing', progress: 0 });
    expect(store.regions).toBeGreaterThan(0);
    expect(await podsOf(name, 'west', 'tikv')).toHaveLength(1);
    await client.faultOff(fault);
    await until(async () => (await podsOf(name, 'west', 'tikv')).length === 0, 'its pod is gone');
  });

  test('and whose rules cannot be met without it is held by PD, until they are changed', async () => {
    await client.changeDatabase(name, { placementRules: [{ group_id: 'pd', id: 'default', count: 3 }] });
    await patch(name, 'east', { tikv: { replicas: 2 } });
    const store = await until(async () => (await client.database(name)).stores.find(({ state }) => state === 'Offline'), 'a store is Offline');
    expect(store.regions).toBeGreaterThan(0);
    await client.changeDatabase(name, { placementRules: 'default' });
    await until(async () => (await podsOf(name, 'east', 'tikv')).length === 2, 'its pod is gone');
  });

  test('is taken apart by Kubernetes when its object is deleted: all goes but the claims', async () => {
    await patch(name, 'west', { pd: { replicas: 0 }, tidb: { replicas: 0 } });
    await until(async () => (await podsOf(name, 'west', 'pd')).length === 0 && (await podsOf(name, 'west', 'tidb')).length === 0, 'its pods are gone');
    expect((await client.database(name)).members).toHaveLength(2);
    expect(await podsOf(name, 'west', 'discovery')).toHaveLength(1);
    const ours = `?labelSelector=app.kubernetes.io/instance=${name}-west`;
    const paths = ['/apis/apps/v1/namespaces/leave/statefulsets', '/apis/apps/v1/namespaces/leave/deployments', '/api/v1/namespaces/leave/pods', '/api/v1/namespaces/leave/services', '/api/v1/namespaces/leave/configmaps'];
    for (const path of paths) expect(await list('west', path + ours)).not.toEqual([]);
    await lab.api('west').remove(clusterPath(name, 'west'));
    for (const path of paths) await until(async () => (await list('west', path + ours)).length === 0, `${path} are gone`);
    const claims = await list('west', `/api/v1/namespaces/${name}/persistentvolumeclaims${ours}`);
    expect(claims.map(({ metadata }) => String(metadata['name'])).sort()).toEqual(['pd-leave-west-pd-0', 'tikv-leave-west-tikv-0', 'tikv-leave-west-tikv-1']);
  });
});

describe('a database whose members get new peer URLs', () => {
  const name = 'urls';
  beforeAll(async () => void (await lab.deploy(spread(name))));
  const update = async (pod: string, urls: string[], signal?: AbortSignal): Promise<number> => {
    const { members } = await client.database(name);
    const id = members.find(({ origin }) => origin.pod === pod)!.id;
    const address = (await podsOf(name, 'east', 'pd'))[0]!.status.podIP;
    return (await request(`http://${address}:2379/v3/cluster/member/update`, { method: 'POST', body: JSON.stringify({ ID: id, peerURLs: urls }), ...(signal ? { signal } : {}) })).statusCode;
  };
  const healthOf = async (pod: string): Promise<boolean | undefined> => (await client.database(name)).members.find(({ origin }) => origin.pod === pod)?.healthy;

  test('loses one whose new name does not resolve, and has it back when it does', async () => {
    const url = 'http://urls-west-pd-0.urls-west-pd-peer.urls.svc.elsewhere:2380';
    expect(await update('urls-west-pd-0', [url])).toBe(200);
    await until(async () => (await healthOf('urls-west-pd-0')) === false, 'it is lost');
    expect(await healthOf('urls-east-pd-0')).toBe(true);
    await update('urls-west-pd-0', [url.replace('elsewhere', 'west.local')]);
    await until(() => healthOf('urls-west-pd-0'), 'it is back');
  });

  test('is asked for its names by pods that look them up and end', async () => {
    const probe = async (pod: string, name: string): Promise<string | undefined> => {
      const path = `/api/v1/namespaces/${name.split('.')[2]}/pods`;
      const command = ['sh', '-c', `nslookup ${name} && nc -z -w 3 ${name} 2379`];
      await lab.api('west').create(path, { apiVersion: 'v1', kind: 'Pod', metadata: { name: pod }, spec: { restartPolicy: 'Never', containers: [{ name: 'probe', image: 'busybox:1.36', command }] } });
      return until(async () => {
        const { status } = (await lab.api('west').get(`${path}/${pod}`)) as unknown as Pod;
        return ['Succeeded', 'Failed'].includes(status.phase ?? '') && status.phase;
      }, 'the probe ended');
    };
    const right = 'urls-east-pd-0.urls-east-pd-peer.urls.svc.east.local';
    expect(await probe('right', right)).toBe('Succeeded');
    expect(await probe('wrong', right.replace('east.local', 'cluster.local'))).toBe('Failed');
    expect(await logOf(name, 'west', 'wrong')).toContain('NXDOMAIN');
    await client.faultOn({ kind: 'name-unresolvable', name: 'east\\.local$', scope: { kubernetesCluster: 'west' } });
    expect(await probe('hidden', right)).toBe('Failed');
  });

  test('pods that ask discovery hang in their start script while it is gone; a PD with data does not ask', async () => {
    const fault = await client.faultOn({ kind: 'discovery-gone', scope: { database: name, kubernetesCluster: 'east' } });
    await until(async () => (await podsOf(name, 'east', 'discovery')).some(({ status }) => !isConditionTrue(status.conditions, 'Ready')), 'discovery is not Ready');
    for (const pod of ['urls-east-tidb-0', 'urls-east-pd-1']) await lab.api('east').remove(`/api/v1/namespaces/${name}/pods/${pod}`);
    await until(async () => (await logOf(name, 'east', 'urls-east-tidb-0').catch(() => '')).includes('waiting for the verification of PD endpoints ...'), 'TiDB waits');
    await until(() => healthOf('urls-east-pd-1'), 'PD is back');
    const tidb = (await podsOf(name, 'east', 'tidb'))[0]!;
    expect([tidb.status.phase, isConditionTrue(tidb.status.conditions, 'Ready')]).toEqual(['Running', false]);
    await client.faultOff(fault);
    await until(async () => (await podsOf(name, 'east', 'tidb')).every(({ status }) => isConditionTrue(status.conditions, 'Ready')), 'TiDB is back');
  });

  test('is lost for ever by one malformed URL: the others panic, and again at each restart', async () => {
    expect(await update('urls-east-pd-0', ['${member_peer_url}'])).toBe(200);
    const restarts = async (at: string, pod: string): Promise<number> => (await podsOf(name, at, 'pd')).find(({ metadata }) => metadata.name === pod)?.status.containerStatuses?.[0]?.restartCount ?? 0;
    for (const [at, pod] of [['east', 'urls-east-pd-1'], ['west', 'urls-west-pd-0']] as const) {
      await until(async () => (await restarts(at, pod)) > 2, `${pod} crashes again and again`);
      expect(await logOf(name, at, pod)).toContain('panic: failed NewURLs');
    }
    expect(await client.database(name)).toMatchObject({ leader: null });
    // Without a leader etcd does not answer a change: nothing mends the URL.
    await expect(update('urls-east-pd-0', ['http://urls-east-pd-0.urls-east-pd-peer.urls.svc.east.local:2380'], AbortSignal.timeout(1_000))).rejects.toThrow(/timeout/);
    expect((await client.database(name)).members.find(({ origin }) => origin.pod === 'urls-east-pd-0')?.peerUrls).toEqual(['${member_peer_url}']);
  });
});
