/** The switchboard of faults: whom a fault meets, and what the twins are told. */
import { faultSchema } from '../../lab/faults/fault.ts';
import type { FaultInput } from '../../lab/faults/fault.ts';
import { databaseFaults, podFaults, Switchboard } from '../../lab/faults/switchboard.ts';
import type { Fact } from '../../lab/event-log.ts';
import type { Store } from '../../lab/database/model.ts';
import type { Pod } from '../../lab/process/kubernetes-objects.ts';
import { deploymentSchema, spreadOver } from '../../lab/deploy/deployment.ts';
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
