import type { Finding } from '../../../src/protocol/check.ts';
import { findingsOf, reportOf } from '../../../src/tidb/check/findings.ts';
import type { Locks } from '../../../src/tidb/check/leftovers.ts';
import { severityOf } from '../../../src/tidb/check/severity.ts';
import type { ClusterView } from '../../../src/tidb/view.ts';
import { NEW, NOW_MS, askFor, database, makeView, member, specOf, statefulSet, store, tidbCluster, usual } from '../make-view.ts';

const DAY_MS = 86_400_000;
const free: Locks = { lease: undefined, maintenance: undefined };
/** Three Kubernetes clusters with three of everything that counts; only the bootstrap notice is left to say. */
const healthy = (): ClusterView => makeView({ replicas: usual });

const found = (change: (view: ClusterView) => void, locks = free): [string, string][] => {
  const view = healthy();
  change(view);
  return findingsOf(view, locks).map(({ severity, key }) => [severity, key]);
};

const usually: [string, string][] = [['notice', 'topology/bootstrap/west']];

test('a healthy cluster has no critical finding and no warning', () => {
  expect(found(() => undefined)).toEqual(usually);
});

test.each<[string, (view: ClusterView) => void, [string, string][]]>([
  ['PD is silent', (view) => void (view.database = undefined), [['critical', 'pd-unknown']]],
  ['PD has no leader', (view) => void (database(view).leader = undefined), [['critical', 'pd-no-leader']]],
  ['a PD member is not healthy', (view) => void (member(view, 'east').healthy = false), [['critical', 'pd-member/shop-east-pd-0']]],
  ['a store is Down', (view) => void (store(view, 'east').state = 'Down'), [['critical', `store/${store(healthy(), 'east').id}/Down`]]],
  ['a store is Disconnected for a moment', (view) => void (store(view, 'east').state = 'Disconnected'), [['warning', `store/${store(healthy(), 'east').id}/Disconnected`]]],
  ['regions lack a replica', (view) => void (database(view).regions['miss-peer'] = 3), [['critical', 'regions/miss-peer']]],
  ['regions have a pending peer', (view) => void (database(view).regions['pending-peer'] = 3), [['warning', 'regions/pending-peer']]],
  ['leaders are being evicted', (view) => void (database(view).evictingStores = ['1']), [['warning', 'evicting/1']]],
  ['somebody has paused a TidbCluster', (view) => void (tidbCluster(view, 'east').object.spec.paused = true), [['warning', 'paused/east']]],
  ['an operator is down', (view) => void (tidbCluster(view, 'east').operator.alive = false), [['warning', 'operator/east']]],
  ['operators differ', (view) => void (tidbCluster(view, 'east').operator.version = 'v1.6.6'), [['warning', 'versions/operator']]],
  ['an upgrade is half done', (view) => askFor(view, 'east', 'tidb', NEW), [['warning', 'versions/mixed'], ['warning', 'versions/not-rolled/east/tidb']]],
  ['two TidbClusters claim to be the initial one', (view) => void (tidbCluster(view, 'east').initial = true), [['critical', 'topology/two-initial']]],
  ['a TidbCluster runs a database of its own', (view) => void (tidbCluster(view, 'east').object.status.clusterID = '42'), [['critical', 'topology/cluster-id/east']]],
  ['TLS is not the same everywhere', (view) => void (tidbCluster(view, 'east').object.spec.tlsCluster = { enabled: false }), [['critical', 'topology/tls']]],
  ['a peer URL lacks the domain', (view) => void (member(view, 'east').peerUrls = ['https://shop-east-pd-0.shop-east-pd-peer.shop.svc:2380']), [['warning', 'topology/peer-url/east/shop-east-pd-0']]],
  ['a Tombstone is left', (view) => void database(view).stores.push({ ...store(view, 'east'), id: '99', state: 'Tombstone' }), [['notice', 'leftover/tombstones']]],
  ['DDL is still held', (view) => void (tidbCluster(view, 'east').object.metadata.annotations['tidb.pingcap.com/smooth-upgrade-ddl-paused'] = 'true'), [['warning', 'leftover/ddl/east']]],
])('%s', (_, change, expected) => {
  const said = found(change);
  for (const finding of expected) expect(said).toContainEqual(finding);
});

describe('what is no fault', () => {
  test('DDL that is held while TiDB rolls there', () => {
    const said = found((view) => {
      tidbCluster(view, 'east').object.metadata.annotations['tidb.pingcap.com/smooth-upgrade-ddl-paused'] = 'true';
      statefulSet(view, 'east', 'tidb').status.updateRevision = 'another';
    });
    expect(said.map(([, key]) => key)).not.toContain('leftover/ddl/east');
    expect(said).toContainEqual(['notice', 'rolling/east/tidb']);
  });

  test('an image that a roll is just bringing', () => {
    const said = found((view) => {
      specOf(view, 'east', 'tidb').version = NEW;
      statefulSet(view, 'east', 'tidb').status.updateRevision = 'another';
    });
    expect(said.map(([, key]) => key)).not.toContain('versions/not-rolled/east/tidb');
  });

  test('as many PD members as one may lose one of', () => {
    const one = makeView();
    expect(findingsOf(one, free).map(({ key }) => key)).not.toContain('topology/pd-members');
    one.tidbClusters.pop();
    database(one).members.pop();
    expect(findingsOf(one, free)).toContainEqual(expect.objectContaining({ severity: 'warning', key: 'topology/pd-members' }));
  });
});

test.each([
  [40, undefined],
  [20, 'warning'],
  [5, 'critical'],
  [-1, 'critical'],
  [Number.NaN, 'critical'],
])('a certificate that ends in %d days is %s', (days, severity) => {
  const view = healthy();
  tidbCluster(view, 'east').certificates = [{ secret: 'shop-east-pd-cluster-secret', notAfterMs: NOW_MS + days * DAY_MS, dnsNames: [] }];
  expect(findingsOf(view, free).find(({ key }) => key.startsWith('certificate/'))?.severity).toBe(severity);
});

test.each<[string, Locks, string | undefined]>([
  ['nobody', free, undefined],
  ['a run that is open', { ...free, lease: { holder: 'run upgradeCluster/shop', since: 'then', open: true } }, 'notice'],
  ['a run that has ended', { ...free, lease: { holder: 'run upgradeCluster/shop', since: 'then', open: false } }, 'warning'],
  ['somebody who cannot be asked', { ...free, lease: { holder: 'somebody', since: 'then', open: undefined } }, 'notice'],
])('the lock held by %s', (_, locks, severity) => {
  expect(findingsOf(healthy(), locks).find(({ key }) => key === 'lock/lease')?.severity).toBe(severity);
});

test('a TidbCluster with acrossK8s whose discovery is gone is critical', () => {
  const view = healthy();
  const west = tidbCluster(view, 'west');
  west.pods = west.pods.filter(({ metadata }) => metadata.labels['app.kubernetes.io/component'] !== 'discovery');
  expect(findingsOf(view, free).map(({ severity, key }) => [severity, key])).toContainEqual(['critical', 'discovery-pod/west']);
});

test('every reason is said once, the gravest first', () => {
  const view = healthy();
  for (const each of view.tidbClusters) each.object.spec.paused = true;
  database(view).leader = undefined;
  const said = findingsOf(view, { ...free, maintenance: 'br/1 (backup)' });
  expect(new Set(said.map(({ key }) => key)).size).toBe(said.length);
  expect(said.map(({ severity }) => severity)).toEqual([...said].map(({ severity }) => severity).sort((a, b) => order.indexOf(a) - order.indexOf(b)));
});
const order = ['critical', 'warning', 'notice'];

test('an unknown key is a warning: never lost, never an alarm', () => {
  expect(severityOf({ key: 'something-new/1' })).toBe('warning');
});

test('the summary counts and names the first critical finding', () => {
  const findings: Finding[] = [{ severity: 'critical', key: 'a', message: 'PD has no leader' }, { severity: 'warning', key: 'b', message: 'x' }];
  expect(reportOf('shop', 'now', findings).summary).toBe('TiDB cluster shop: 1 critical, 1 warning, 0 notices; first: PD has no leader');
  expect(reportOf('shop', 'now', []).summary).toBe('TiDB cluster shop: 0 critical, 0 warnings, 0 notices');
});
