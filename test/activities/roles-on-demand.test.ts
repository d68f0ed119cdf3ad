/** What the doctor says of roles that are bound only while a run needs them. */
import { checkRolesOnDemand, rolesOnDemand } from '../../src/activities/roles-on-demand.ts';
import { RunbookError } from '../../src/errors.ts';
import type { Access, KubernetesApi } from '../../src/kubernetes/api.ts';
import type { Check } from '../../src/protocol/activities.ts';
import { makeView } from '../tidb/make-view.ts';

const view = makeView({ kubernetesClusters: ['east', 'west'] });

/** `west: delete pods in shop` is what is asked. */
async function checksWhere(allowed: (asked: string) => boolean, seen: string[] = []): Promise<Check[]> {
  const api = (cluster: string): KubernetesApi =>
    ({
      cluster,
      allowed: async ({ verb, resource, namespace }: Access) => {
        const asked = `${cluster}: ${verb} ${resource}${namespace ? ` in ${namespace}` : ''}`;
        seen.push(asked);
        return allowed(asked);
      },
    }) as unknown as KubernetesApi;
  return checkRolesOnDemand({ kubernetes: api }, view);
}

const messages = (checks: Check[]): string[] => checks.map(({ message }) => message);

test('says for each role what the runbook may do, and where', async () => {
  expect(await checksWhere(() => true)).toEqual([
    { subject: 'exitCluster of shop', ok: true, note: true, message: 'may delete the TidbCluster and reclaim its data: shop/shop-east in east, shop/shop-west in west' },
    { subject: 'exitCluster, Secrets of shop', ok: true, note: true, message: 'may reclaim its TLS Secrets: shop/shop-east in east, shop/shop-west in west' },
    { subject: 'migrateCluster of shop', ok: true, note: true, message: 'may read backups and start the pod that looks names up: shop/shop-east in east, shop/shop-west in west' },
  ]);
});

test('names what is missing and the role to bind, and calls it no problem', async () => {
  const checks = await checksWhere((asked) => asked.startsWith('west') || !asked.includes('delete'));
  expect(messages(checks)[0]).toBe('may delete the TidbCluster and reclaim its data: shop/shop-west in west; may not delete the TidbCluster and reclaim its data: shop/shop-east in east; missing: delete tidbclusters, delete tidbmonitors, delete persistentvolumeclaims; bind ClusterRole tidb-runbooks-exit while such a run is to do so');
  expect(checks.every(({ ok, note }) => ok && note)).toBe(true);
});

test('asks in the namespace of the TidbCluster, where the role may be bound alone, but for volumes, which have none', async () => {
  const seen: string[] = [];
  await checksWhere(() => true, seen);
  expect(seen).toEqual(expect.arrayContaining(['west: delete persistentvolumeclaims in shop', 'west: get persistentvolumes', 'east: create pods in shop', 'east: delete secrets in shop']));
  expect(seen).toHaveLength(2 * rolesOnDemand.flatMap(({ rights }) => rights).length);
});

test('says that it is not known when an API server does not answer', async () => {
  const checks = await checksWhere(() => {
    throw new RunbookError('Unreachable', 'west does not answer');
  });
  expect(messages(checks)).toEqual(Array.from({ length: 3 }, () => 'not known: west does not answer'));
});
