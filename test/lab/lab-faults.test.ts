/** The switchboard of faults: whom a fault meets, and what the twins are told. */
import { faultSchema } from '../../lab/faults/fault.ts';
import type { FaultInput } from '../../lab/faults/fault.ts';
import { databaseFaults, podFaults, refusals, Switchboard } from '../../lab/faults/switchboard.ts';
import type { Fact } from '../../lab/event-log.ts';
import type { Member, Store } from '../../lab/database/model.ts';
import type { Pod } from '../../lab/process/kubernetes-objects.ts';
import { deploymentSchema, settingsOf, spreadOver } from '../../lab/deploy/deployment.ts';
import { tidbClusterManifest } from '../../lab/deploy/tidb-cluster-manifest.ts';

const facts: Fact[] = [];
let switchboard: Switchboard;
beforeEach(() => {
  facts.length = 0;
  switchboard = new Switchboard((fact) => facts.push(fact), () => undefined);
});

const turnOn = (fault: FaultInput): Promise<{ id: number }> => switchboard.turnOn(faultSchema.parse(fault));
const pod = (name: string, image = 'pingcap/tikv:v8.5.4'): Pod => ({
  metadata: { name, namespace: 'shop', labels: { 'app.kubernetes.io/name': 'tidb-cluster', 'app.kubernetes.io/component': 'tikv', 'app.kubernetes.io/instance': 'shop-east' } },
  spec: { containers: [{ name: 'tikv', image }] },
} as unknown as Pod);
const store = (name: string): Store => ({ origin: { kubernetesCluster: 'east', namespace: 'shop', tidbCluster: 'shop-east', pod: name } } as Store);

test('meets everybody without a scope, and with one only who fits all of it', async () => {
  const east = podFaults(switchboard, 'east', () => 'shop');
  await turnOn({ kind: 'pod-pending', scope: { database: 'shop', pod: 'shop-east-tikv-1' } });
  expect([east.isUnschedulable(pod('shop-east-tikv-0')), east.isUnschedulable(pod('shop-east-tikv-1'))]).toEqual([false, true]);
  await turnOn({ kind: 'pod-pending', scope: { kubernetesCluster: 'west' } });
  expect(east.isUnschedulable(pod('shop-east-tikv-0'))).toBe(false);
  await turnOn({ kind: 'pod-pending' });
  expect(east.isUnschedulable(pod('shop-east-tikv-0'))).toBe(true);
});

test('refuses images by pattern', async () => {
  const faults = podFaults(switchboard, 'east', () => 'shop');
  await turnOn({ kind: 'image-not-pullable', image: 'tikv:v8\\.5\\.4$' });
  expect([faults.isImageRefused(pod('a')), faults.isImageRefused(pod('a', 'pingcap/tikv:v8.5.3'))]).toEqual([true, false]);
});

test('tells a database of its own faults until they are off', async () => {
  const shop = databaseFaults(switchboard, 'shop');
  const other = databaseFaults(switchboard, 'other');
  const { id } = await turnOn({ kind: 'store-down', scope: { database: 'shop', pod: 'tikv-0' } });
  await turnOn({ kind: 'region-shortage', missing: 3, scope: { database: 'shop' } });
  expect([shop.storeFault(store('tikv-0')), shop.storeFault(store('tikv-1')), other.storeFault(store('tikv-0'))]).toEqual(['down', undefined, undefined]);
  expect([shop.extraMissing(), shop.extraPending(), other.extraMissing()]).toEqual([3, 0, 0]);
  expect(await switchboard.turnOff(id)).toBe(true);
  expect(await switchboard.turnOff(id)).toBe(false);
  expect(shop.storeFault(store('tikv-0'))).toBeUndefined();
});

test('holds the peers of a store and the name of a member only where it is told to', async () => {
  const shop = databaseFaults(switchboard, 'shop');
  const member = (pod: string): Member => store(pod) as unknown as Member;
  await turnOn({ kind: 'store-never-drains', scope: { database: 'shop', pod: 'tikv-0' } });
  const { id } = await turnOn({ kind: 'member-url-unresolvable', scope: { database: 'shop', pod: 'pd-1' } });
  expect([shop.neverDrains(store('tikv-0')), shop.neverDrains(store('tikv-1'))]).toEqual([true, false]);
  expect([shop.movedUrlUnresolvable(member('pd-0')), shop.movedUrlUnresolvable(member('pd-1'))]).toEqual([false, true]);
  await switchboard.turnOff(id);
  expect(shop.movedUrlUnresolvable(member('pd-1'))).toBe(false);
});

test('holds a call to PD by method, path and body, only at the members it is told to', async () => {
  const shop = databaseFaults(switchboard, 'shop');
  const member = (pod: string): Member => store(pod) as unknown as Member;
  const { id } = await turnOn({ kind: 'pd-call-held', moment: 'after', call: '^POST /v3/cluster/member/update .*"7"', scope: { database: 'shop', pod: 'pd-1' } });
  const update = 'POST /v3/cluster/member/update {"ID":"7"}';
  expect([shop.callHeld(member('pd-1'), update), shop.callHeld(member('pd-0'), update), shop.callHeld(member('pd-1'), 'GET /pd/api/v1/health ')]).toEqual(['after', undefined, undefined]);
  await switchboard.turnOff(id);
  expect(shop.callHeld(member('pd-1'), update)).toBeUndefined();
});

test('takes discovery from the pods of a TidbCluster, and crashes the pod of discovery itself', async () => {
  const faults = podFaults(switchboard, 'east', () => 'shop');
  const discovery = { metadata: { name: 'd', namespace: 'shop', labels: { 'app.kubernetes.io/component': 'discovery', 'app.kubernetes.io/instance': 'shop-east' } }, spec: { containers: [] } } as unknown as Pod;
  const seen = (): boolean[] => [faults.isDiscoveryGone(pod('tikv-0')), faults.isCrashing(discovery), faults.isCrashing(pod('tikv-0'))];
  expect(seen()).toEqual([false, false, false]);
  const { id } = await turnOn({ kind: 'discovery-gone', scope: { tidbCluster: 'shop-east' } });
  expect(seen()).toEqual([true, true, false]);
  await switchboard.turnOff(id);
  await turnOn({ kind: 'discovery-gone', scope: { tidbCluster: 'shop-west' } });
  expect(seen()).toEqual([false, false, false]);
});

test('hides names from probes by pattern', async () => {
  const faults = podFaults(switchboard, 'east', () => 'shop');
  await turnOn({ kind: 'name-unresolvable', name: '\\.east\\.local$', scope: { kubernetesCluster: 'east' } });
  expect([faults.isUnresolvable(pod('probe'), 'a.svc.east.local'), faults.isUnresolvable(pod('probe'), 'a.svc')]).toEqual([true, false]);
  expect(podFaults(switchboard, 'west', () => 'shop').isUnresolvable(pod('probe'), 'a.svc.east.local')).toBe(false);
});

test('lets an operator refuse for one component of one TidbCluster', async () => {
  const refuses = refusals(switchboard, 'east', () => 'shop');
  const cluster = { namespace: 'shop', name: 'shop-east' };
  await turnOn({ kind: 'operator-refuses', scope: { database: 'shop', component: 'tikv' } });
  expect([refuses(cluster, 'tikv'), refuses(cluster, 'pd')]).toEqual([true, false]);
  expect(refusals(switchboard, 'east', () => 'other')(cluster, 'tikv')).toBe(false);
});

test('writes every fault into the diary, on and off', async () => {
  const { id } = await turnOn({ kind: 'pd-leader-lost', scope: { database: 'shop' } });
  await switchboard.turnOff(id);
  expect(facts.map(({ kind, fault, database }) => [kind, fault, database])).toEqual([['fault-on', 'pd-leader-lost', 'shop'], ['fault-off', 'pd-leader-lost', 'shop']]);
});

test.each<[string, object]>([
  ['an unknown kind', { kind: 'earthquake' }],
  ['a typo in the scope', { kind: 'pod-pending', scope: { cluster: 'east' } }],
  ['an API fault without its Kubernetes cluster', { kind: 'operator-stopped', scope: {} }],
])('refuses %s', (_, fault) => expect(faultSchema.safeParse(fault).success).toBe(false));

test('a deployment is one initial TidbCluster and others that refer to it, each with its domain', () => {
  const deployment = deploymentSchema.parse(spreadOver('shop', ['east', 'west']));
  const [east, west] = deployment.members.map((member) => tidbClusterManifest(deployment, member)['spec'] as Record<string, unknown>);
  expect(east).toMatchObject({ acrossK8s: true, clusterDomain: 'east.local', version: 'v8.5.3', pump: { baseImage: 'pingcap/tidb-binlog', replicas: 1 } });
  expect(east).not.toHaveProperty('cluster');
  expect(west).toMatchObject({ clusterDomain: 'west.local', cluster: { name: 'shop-east', namespace: 'shop', clusterDomain: 'east.local' } });
});

test('labels and sizes of a member become settings of its stores, before those of single pods', () => {
  const deployment = deploymentSchema.parse({
    ...spreadOver('shop', ['east']), maxReplicas: 2, database: { locationLabels: ['zone'], stores: [{ pod: 'shop-east-tikv-0', capacityGiB: 1 }] },
    members: [{ cluster: 'east', namespace: 'shop', tidbCluster: 'shop-east', replicas: { tikv: 1 }, storeLabels: { zone: 'east' }, storeCapacityGiB: 5 }],
  });
  expect(settingsOf(deployment)).toEqual({
    maxReplicas: 2, locationLabels: ['zone'],
    stores: [{ kubernetesCluster: 'east', namespace: 'shop', tidbCluster: 'shop-east', labels: { zone: 'east' }, capacityGiB: 5 }, { pod: 'shop-east-tikv-0', capacityGiB: 1 }],
  });
});
