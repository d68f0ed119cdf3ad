import fc from 'fast-check';
import { brakePatch } from '../../../src/tidb/brake.ts';
import { askAll } from '../../../src/tidb/guards/guard.ts';
import { beforeRoll, beforeSettling, databaseIsWhole, standingGuards } from '../../../src/tidb/guards/index.ts';
import { eventSchema } from '../../../src/tidb/objects.ts';
import type { ClusterView } from '../../../src/tidb/view.ts';
import { NOW_MS, database, discoveryPodName, hostOf, makeView, member, podWaits, statusOf, store, tidbCluster } from '../make-view.ts';
import { runs } from '../runs.ts';

interface Trouble {
  /** What must be said, whatever else is wrong. */
  keys: string[];
  inject: (view: ClusterView) => unknown;
}

const replicas = { pd: 1, tikv: 1, tiflash: 1, tidb: 1 };
const stranger = (what: string): string => `${what}.x-${what}-peer.shop.svc.south.example`;

/** Each in a place of its own, so that all can be there at once. */
const ofTheDatabase: Record<string, Trouble> = {
  'a member is unhealthy': { keys: ['pd-member/shop-east-pd-0'], inject: (view) => (member(view, 'east').healthy = false) },
  'a member is unknown to health': { keys: ['pd-member/shop-west-pd-0'], inject: (view) => (member(view, 'west').healthy = undefined) },
  'a member loads regions': { keys: ['pd-loading/shop-west-pd-0'], inject: (view) => database(view).notReady.push(hostOf('west', 'pd', 0)) },
  'a member is lost': { keys: ['pd-member-count/north'], inject: (view) => (database(view).members = database(view).members.filter((each) => each.name !== hostOf('north', 'pd', 0))) },
  'there is no leader': { keys: ['pd-no-leader'], inject: (view) => (database(view).leader = undefined) },
  'a store is Down': { keys: ['store/1/Down'], inject: (view) => (store(view, 'west').state = 'Down') },
  'a store is Disconnected': { keys: ['store/2/Disconnected'], inject: (view) => (store(view, 'east').state = 'Disconnected') },
  'a store is Offline': { keys: ['store/4/Offline'], inject: (view) => (store(view, 'west', { engine: 'tiflash' }).state = 'Offline') },
  'a store is lost': { keys: ['store-count/north/tiflash'], inject: (view) => (database(view).stores = database(view).stores.filter((each) => each.id !== '6')) },
  'replicas are missing': { keys: ['regions/miss-peer'], inject: (view) => (database(view).regions['miss-peer'] = 1) },
  'replicas are down': { keys: ['regions/down-peer'], inject: (view) => (database(view).regions['down-peer'] = 2) },
  'replicas are pending': { keys: ['regions/pending-peer'], inject: (view) => (database(view).regions['pending-peer'] = 3) },
  'replicas are on an offline store': { keys: ['regions/offline-peer'], inject: (view) => (database(view).regions['offline-peer'] = 4) },
  'leaders are evicted': { keys: ['evicting/3'], inject: (view) => database(view).evictingStores.push('3') },
  'a member of nobody': { keys: ['unknown-part/pd/77'], inject: (view) => database(view).members.push({ name: 'x', id: '77', peerUrls: [], clientUrls: [`http://${stranger('pd')}:2379`], version: '8.5.3', healthy: true }) },
  'a store of nobody': { keys: ['unknown-part/store/78'], inject: (view) => database(view).stores.push({ ...store(view, 'north'), id: '78', address: `${stranger('tikv')}:20160` }) },
};

const ofTidbClusters: Record<string, Trouble> = {
  'PD is silent': { keys: ['pd-unknown'], inject: (view) => (view.database = undefined) },
  'one is paused': { keys: ['paused/west'], inject: (view) => (tidbCluster(view, 'west').object.spec.paused = true) },
  'one is braked': {
    keys: ['brake/east'],
    inject: (view) => {
      const { object } = tidbCluster(view, 'east');
      const patch = brakePatch({ namespace: 'default', workflowId: 'w', runId: 'r' }, 'why', 'when') as { metadata: { annotations: Record<string, string> } };
      object.spec.paused = true;
      object.metadata.annotations = patch.metadata.annotations;
    },
  },
  'one is suspended': { keys: ['suspended/north'], inject: (view) => (tidbCluster(view, 'north').object.spec.suspendAction = { suspendStatefulSet: true }) },
  'one is being deleted': { keys: ['deleting/north'], inject: (view) => (tidbCluster(view, 'north').object.metadata.deletionTimestamp = '2026-03-01T11:00:00Z') },
  'one fails validation': {
    keys: ['validation/east'],
    inject: (view) => tidbCluster(view, 'east').events.push(eventSchema.parse({ metadata: { name: 'e' }, type: 'Warning', reason: 'FailedValidation', lastTimestamp: '2026-03-01T12:00:00Z', involvedObject: { kind: 'TidbCluster', name: 'shop-east' } })),
  },
  'one has TiProxy': { keys: ['tiproxy/west'], inject: (view) => (tidbCluster(view, 'west').object.spec.tiproxy = { replicas: 1 }) },
  'one rolls': { keys: ['rolling/east/tidb'], inject: (view) => (statusOf(view, 'east', 'tidb').phase = 'Upgrade') },
  'one scales': { keys: ['rolling/north/pd'], inject: (view) => (statusOf(view, 'north', 'pd').phase = 'Scale') },
  'the operator is down': { keys: ['operator/west'], inject: (view) => (tidbCluster(view, 'west').operator.alive = false) },
  'peers are unknown': { keys: ['peers/west/pd'], inject: (view) => Object.assign(statusOf(view, 'west', 'pd'), { peerMembers: {} }) },
  'discovery does not run': { keys: ['discovery-pod/west'], inject: (view) => podWaits(view, discoveryPodName('west'), { reason: 'CrashLoopBackOff', message: '' }) },
  'a certificate ends': { keys: ['certificate/east/s'], inject: (view) => tidbCluster(view, 'east').certificates.push({ secret: 's', notAfterMs: NOW_MS, dnsNames: [] }) },
};

// Those of the database first: a silent PD takes its place away.
const troubles = { ...ofTheDatabase, ...ofTidbClusters };
const names = Object.keys(troubles);

function said(view: ClusterView, guards = beforeRoll): string[] {
  return askAll(guards, view, { member: tidbCluster(view, 'west'), component: 'pd' }).map((reason) => reason.key);
}

function troubled(chosen: string[]): ClusterView {
  const view = makeView({ replicas });
  for (const name of chosen) (troubles[name] as Trouble).inject(view);
  return view;
}

function expectedOf(chosen: string[]): string[] {
  const heard = chosen.includes('PD is silent') ? chosen.filter((name) => !(name in ofTheDatabase)) : chosen;
  return heard.flatMap((name) => (troubles[name] as Trouble).keys);
}

it('before a roll nothing is said of a healthy cluster', () => {
  expect(said(troubled([]))).toEqual([]);
  expect(said(troubled([]), beforeSettling)).toEqual([]);
});

it.each(names)('before a roll, when %s, that is said and nothing else', (name) => {
  const keys = said(troubled([name]));
  // Losing one of three members takes the margin of the majority as well.
  expect(keys).toEqual([...(troubles[name] as Trouble).keys, ...(name === 'a member is lost' ? ['pd-majority/west'] : [])]);
});

it('all speak, not only the first', () => {
  const all = names.filter((name) => name !== 'PD is silent');
  expect(said(troubled(all))).toEqual(expect.arrayContaining(expectedOf(all)));
});

it('whatever troubles come together, none is missed and none is invented', () => {
  fc.assert(
    fc.property(fc.subarray(names), (chosen) => {
      const view = troubled(chosen);
      const keys = said(view);
      const expected = expectedOf(chosen);
      expect(keys).toEqual(expect.arrayContaining(expected));
      expect(keys.filter((key) => !expected.includes(key) && key !== 'pd-majority/west')).toEqual([]);
      expect(keys.includes('pd-majority/west')).toBe(view.database !== undefined && view.database.members.length < 3);
    }),
    { numRuns: 3 * runs.numRuns },
  );
});

it('before settling everything is asked that concerns more than a restart', () => {
  const restart = ['peers/west/pd', 'pd-majority/west', 'discovery-pod/west'];
  fc.assert(
    fc.property(fc.subarray(names), (chosen) => {
      const view = troubled(chosen);
      expect(said(view, beforeSettling)).toEqual(said(view).filter((key) => !restart.includes(key)));
    }),
    runs,
  );
});

it('the database is whole exactly when none of its own troubles is there', () => {
  fc.assert(
    fc.property(fc.subarray(Object.keys(ofTheDatabase)), (chosen) => {
      const wholeOnes = chosen.filter((name) => !name.includes('nobody') && name !== 'leaders are evicted');
      expect(said(troubled(chosen), databaseIsWhole).length > 0).toBe(wholeOnes.length > 0);
    }),
    runs,
  );
});

it('while a step waits, the states in which the operator does not act are asked', () => {
  const view = troubled(['one is paused', 'one is braked', 'one is suspended', 'one is being deleted', 'one rolls']);
  expect(said(view, standingGuards)).toEqual(['paused/west', 'brake/east', 'suspended/north', 'deleting/north']);
});

it('every reason is a sentence for a person with a key of its own', () => {
  const view = troubled(names.filter((name) => name !== 'PD is silent'));
  const reasons = askAll(beforeRoll, view, { member: tidbCluster(view, 'west'), component: 'pd' });
  expect(new Set(reasons.map((reason) => reason.key)).size).toBe(reasons.length);
  for (const { message } of reasons) expect(message).toMatch(/^(?!.*(undefined|NaN|null|\[object)).{15,}$/);
});
