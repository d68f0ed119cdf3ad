import { covers } from '../../../src/tidb/migration/certificate-names.ts';
import { BACKUP_AGE_MS, backedUp, certificatesHaveNames, domainIsDns, domainIsNew, hasPd, imagesHaveWget, isInitial, migrationRefusals, nobodyHasAnotherDomain, noTiproxy, oneTidbCluster, peerUrlsMendable } from '../../../src/tidb/migration/refusals.ts';
import type { MigrateWish, Refusal } from '../../../src/tidb/migration/refusals.ts';
import type { ClusterView } from '../../../src/tidb/view.ts';
import { NOW_MS, database, makeView, specOf, tidbCluster } from '../make-view.ts';
import { DOMAIN, KEY, ask, comesBack, hear, hostOf, makeAlone, only, setPeerUrl } from './alone.ts';
import type { Alone } from './alone.ts';

const wish: MigrateWish = { cluster: 'shop', clusterDomain: DOMAIN };

interface Row {
  rule: Refusal;
  name: string;
  shape?: Alone;
  change?: (view: ClusterView) => void;
  asked?: Partial<MigrateWish>;
  /** Absent: the rule is silent. */
  says?: RegExp;
}

const twins = (view: ClusterView, clusterID: string): void => {
  const other = structuredClone(tidbCluster(makeView({ kubernetesClusters: ['east'] }), 'east'));
  other.object.status.clusterID = clusterID;
  view.tidbClusters.push(other);
};

const rows: Row[] = [
  { rule: oneTidbCluster, name: 'one TidbCluster alone may migrate' },
  { rule: oneTidbCluster, name: 'one that is spread already may not', change: (view) => twins(view, '7264954738145913996'), says: /has 2 TidbClusters \(shop\/shop-west, shop\/shop-east\): only one that stands alone/ },
  { rule: isInitial, name: 'the one that holds the data may migrate' },
  { rule: isInitial, name: 'one that refers to another by spec.cluster may not', change: (view) => (only(view).object.spec.cluster = { name: 'other', namespace: '', clusterDomain: '' }), says: /refers to another one by spec\.cluster \(other\)/ },
  { rule: hasPd, name: 'one without PD of its own may not', change: (view) => (specOf(view, KEY, 'pd').replicas = 0), says: /has no PD of its own/ },
  { rule: hasPd, name: 'one with PD may' },
  ...['k1.example', 'cluster.local', 'a', 'a-b.c9'].map((clusterDomain): Row => ({ rule: domainIsDns, name: `${clusterDomain} is a DNS domain`, asked: { clusterDomain } })),
  ...['K1.example', 'k1.example.', '.k1', 'k1..x', 'k1_x', '-k1', 'k1-', 'k 1', '${domain}', 'k1;reboot', 'http://k1', 'k1:2380', '日本', `${'a'.repeat(64)}.x`, `${'a.'.repeat(127)}a`, ''].map((clusterDomain): Row => ({ rule: domainIsDns, name: `${JSON.stringify(clusterDomain)} is none`, asked: { clusterDomain }, says: /is not a DNS domain/ })),
  { rule: domainIsNew, name: 'a domain that is set already as wished is adopted', change: (view) => ask(view) },
  { rule: domainIsNew, name: 'a domain that is set to another value cannot be changed', change: (view) => ask(view, 'k2.example'), says: /has spec\.clusterDomain k2\.example already: a cluster domain cannot be changed to k1\.example/ },
  { rule: domainIsNew, name: 'a domain that is set must be named', change: (view) => ask(view), asked: { clusterDomain: undefined }, says: /give "clusterDomain": "k1\.example"/ },
  { rule: nobodyHasAnotherDomain, name: 'names without a domain are as expected' },
  { rule: nobodyHasAnotherDomain, name: 'names with the wished domain are adopted', change: (view) => comesBack(view, 'pd') },
  { rule: nobodyHasAnotherDomain, name: 'a PD member known under another domain is refused', change: (view) => comesBack(view, 'pd', 'k2.example'), says: /PD member is known as http:\/\/shop-west-pd-0\..*\.svc\.k2\.example:2379 already/ },
  { rule: nobodyHasAnotherDomain, name: 'a store known under another domain is refused', change: (view) => comesBack(view, 'tikv', 'k2.example'), says: /store is known as .*k2\.example:20160/ },
  { rule: nobodyHasAnotherDomain, name: 'a Tombstone of another domain is history', change: (view) => Object.assign(database(view).stores[0] ?? {}, { address: `${hostOf('tikv', 0, 'k2.example')}:20160`, state: 'Tombstone' }) },
  { rule: nobodyHasAnotherDomain, name: 'without a wished domain none may be there', change: (view) => comesBack(view, 'pd'), asked: { clusterDomain: undefined }, says: /not of domain \(none\)/ },
  { rule: noTiproxy, name: 'TiProxy is refused: the operator rolls nothing after PD', shape: { replicas: { pd: 3, tiproxy: 1, tikv: 3 } }, says: /has spec\.tiproxy: with acrossK8s its operator rolls nothing after PD/ },
  { rule: noTiproxy, name: 'without TiProxy it may' },
  { rule: backedUp, name: 'a complete backup of today is evidence' },
  { rule: backedUp, name: 'one that is a day old just counts', change: (view) => backupOf(view, { completedAtMs: NOW_MS - BACKUP_AGE_MS }) },
  { rule: backedUp, name: 'one that is older does not', change: (view) => backupOf(view, { completedAtMs: NOW_MS - BACKUP_AGE_MS - 1 }), says: /newest complete Backup is of 2026-02-28T11:59:59\.999Z, more than 24 hours ago/ },
  { rule: backedUp, name: 'one that is not complete is none', change: (view) => backupOf(view, { completedAtMs: undefined }), says: /no complete full Backup of it was found/ },
  { rule: backedUp, name: 'one of another TidbCluster is none', change: (view) => backupOf(view, { of: 'shop/other' }), says: /no complete full Backup of it was found/ },
  { rule: backedUp, name: 'none at all is refused', change: (view) => (view.backups = []), says: /this may lose data and no complete full Backup/ },
  { rule: backedUp, name: 'backups that cannot be read are none', change: (view) => (view.backups = 'no right to list backups'), says: /cannot be read \(no right to list backups\)/ },
  { rule: backedUp, name: 'a waiver with a reason stands for it', change: (view) => (view.backups = []), asked: { backupWaiver: 'restored yesterday' } },
  { rule: imagesHaveWget, name: 'usual images are not known to lack wget' },
  { rule: imagesHaveWget, name: 'official TiKV and TiDB v7.1.0 have no wget', shape: { version: 'v7.1.0' }, says: /^pingcap\/tikv:v7\.1\.0 has no wget.*\n.*pingcap\/tidb:v7\.1\.0 has no wget/ },
  { rule: imagesHaveWget, name: 'an image of your own of that version is yours', shape: { version: 'v7.1.0', replicas: { pd: 3, tikv: 3 } }, change: (view) => (specOf(view, KEY, 'tikv').baseImage = 'mine/tikv') },
  { rule: imagesHaveWget, name: 'the legacy field image cannot be judged', change: (view) => Object.assign(specOf(view, KEY, 'tikv'), { image: 'mine', baseImage: '' }), says: /TiKV .* uses the legacy field "image"/ },
  { rule: certificatesHaveNames, name: 'without TLS there are no certificates' },
  { rule: certificatesHaveNames, name: 'with TLS, certificates with the names of the domain will do', shape: { tls: true } },
  { rule: certificatesHaveNames, name: 'with TLS and no domain nothing new is needed', shape: { tls: true }, change: (view) => only(view).certificates.forEach((each) => (each.dnsNames = [])), asked: { clusterDomain: undefined } },
  { rule: certificatesHaveNames, name: 'a certificate without them is refused, and the names are said', shape: { tls: true }, change: (view) => dropNames(view, 'tikv', (name) => !name.startsWith('*.')), says: /Secret shop\/shop-west-tikv-cluster-secret lacks the names shop-west-tikv-0\.shop-west-tikv-peer\.shop\.svc\.k1\.example, shop-west-tikv-1/ },
  { rule: certificatesHaveNames, name: 'names of another domain do not help', shape: { tls: true }, asked: { clusterDomain: 'k2.example' }, says: /pd-cluster-secret lacks.*\n.*tikv-cluster-secret lacks.*\n.*tidb-cluster-secret lacks/ },
  { rule: certificatesHaveNames, name: 'a Secret that is missing lacks all names', shape: { tls: true }, change: (view) => (only(view).certificates = []), says: /pd-cluster-secret lacks/ },
  { rule: certificatesHaveNames, name: 'names of each pod stand for a wildcard', shape: { tls: true }, change: (view) => listPods(view, 'pd') },
  { rule: peerUrlsMendable, name: 'old peer URLs are what is to be written' },
  { rule: peerUrlsMendable, name: 'PD that serves no member API is refused', change: (view) => Object.assign(view.memberApi ?? {}, { served: 'none', voices: [] }), says: /set enable-grpc-gateway to true/ },
  { rule: peerUrlsMendable, name: 'v2 will do where v3 is absent', change: (view) => Object.assign(view.memberApi ?? {}, { served: 'v2' }) },
  ...(['garbage', '${member_peer_url}', 'http://x y:2380', 'shop-west-pd-0:2380', 'http://h/path:2380', ''].map((url): Row => ({ rule: peerUrlsMendable, name: `${JSON.stringify(url)} cannot be mended`, change: (view) => setPeerUrl(view, 0, url), says: /the other members die of it at their next start: no write mends it/ }))),
  { rule: peerUrlsMendable, name: 'no peer URL at all cannot be mended', change: (view) => setPeerUrl(view, 1, []), says: /shop-west-pd-1 has peer URL none: it must have exactly one/ },
  { rule: peerUrlsMendable, name: 'two peer URLs are refused', change: (view) => setPeerUrl(view, 1, [`http://${hostOf('pd', 1)}:2380`, 'http://x:2380']), says: /it must have exactly one peer URL/ },
  { rule: peerUrlsMendable, name: 'the address of another pod is refused', change: (view) => setPeerUrl(view, 1, `http://${hostOf('pd', 2)}:2380`), says: /shop-west-pd-1 .* that is the address of something else/ },
  { rule: peerUrlsMendable, name: 'another domain on a healthy member is mended', change: (view) => setPeerUrl(view, 1, `http://${hostOf('pd', 1, 'k2.example')}:2380`) },
  { rule: peerUrlsMendable, name: 'another domain on a member that is not healthy is refused', change: (view) => unwell(view, 1, `http://${hostOf('pd', 1, 'k2.example')}:2380`), says: /shop-west-pd-1 has peer URL .*k2\.example:2380, written by hand .* not healthy: bring it back first/ },
  { rule: peerUrlsMendable, name: 'http with TLS on a member that is not healthy is refused', shape: { tls: true }, change: (view) => unwell(view, 1, `http://${hostOf('pd', 1, DOMAIN)}:2380`), says: /not healthy: bring it back first/ },
  { rule: peerUrlsMendable, name: 'a member that never started is refused', change: (view) => nameless(view), says: /was added and has never started/ },
];

function backupOf(view: ClusterView, change: object): void {
  if (typeof view.backups === 'object') Object.assign(view.backups[0] ?? {}, change);
}

function dropNames(view: ClusterView, component: string, keeps: (name: string) => boolean): void {
  for (const each of only(view).certificates) if (each.secret.includes(`-${component}-`)) each.dnsNames = each.dnsNames.filter(keeps);
}

function listPods(view: ClusterView, component: 'pd'): void {
  dropNames(view, component, (name) => !name.startsWith('*.'));
  for (const each of only(view).certificates) if (each.secret.includes(`-${component}-`)) each.dnsNames.push(...[0, 1, 2].map((ordinal) => hostOf(component, ordinal, DOMAIN)));
}

function unwell(view: ClusterView, ordinal: number, url: string): void {
  const member = database(view).members[ordinal];
  if (member) member.healthy = false;
  setPeerUrl(view, ordinal, url);
}

function nameless(view: ClusterView): void {
  hear(view);
  for (const voice of view.memberApi?.voices ?? []) voice.members.push({ id: '5', name: '', peerUrls: ['http://x:2380'], clientUrls: [], learner: false });
}

test.each(rows)('$rule.name: $name', ({ rule, shape = {}, change, asked = {}, says }) => {
  const view = makeAlone(shape);
  change?.(view);
  const said = rule(view, { ...wish, ...asked }, only(view));
  if (says) {
    expect(said.join('\n')).toMatch(says);
    // Each rule is among those that are asked.
    expect(migrationRefusals(view, { ...wish, ...asked })).toEqual(expect.arrayContaining(said));
  }
  else expect(said).toEqual([]);
});

test.each([
  [['*.svc.k1.example'], 'a.b.svc.k1.example', false],
  [['*.b.svc.k1.example'], 'a.b.svc.k1.example', true],
  [['A.B.svc.k1.example'], 'a.b.svc.k1.example', true],
  [['x.b.svc.k1.example'], 'a.b.svc.k1.example', false],
  [['b.svc.k1.example'], 'a.b.svc.k1.example', false],
  [[], 'a.b', false],
])('a certificate for %j covers %s: %s, since a wildcard stands for one label', (names, host, expected) => expect(covers(names, host)).toBe(expected));

test('all refusals come in one answer, and each once', () => {
  const view = makeAlone({ replicas: { pd: 3, tiproxy: 1, tikv: 3 } });
  ask(view, 'k2.example');
  view.backups = [];
  only(view).object.spec.paused = true;
  const said = migrationRefusals(view, wish);
  expect(said).toHaveLength(4);
  expect(said.join('\n')).toMatch(/paused by somebody else.*\n.*cannot be changed to k1\.example.*\n.*spec\.tiproxy.*\n.*back TidbCluster/);
});

test('a healthy TidbCluster with a backup is not refused', () => expect(migrationRefusals(makeAlone(), wish)).toEqual([]));

test('a second data cluster is never connected', () => {
  const view = makeAlone();
  twins(view, '99');
  expect(migrationRefusals(view, wish).join('\n')).toMatch(/two TiDB clusters with data are never connected: .*shop-west in west runs cluster id 7264954738145913996, .*shop-east in east runs cluster id 99/);
});
