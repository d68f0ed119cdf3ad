import { kindOf } from '../../../src/activities/steps/index.ts';
import type { Scene } from '../../../src/activities/steps/step-kind.ts';
import type { PlannedStep } from '../../../src/protocol/plan.ts';
import { askAll } from '../../../src/tidb/guards/guard.ts';
import type { MigrateWish } from '../../../src/tidb/migration/refusals.ts';
import type { ClusterView } from '../../../src/tidb/view.ts';
import { migrateClusterRunbook } from '../../../src/workflows/migrate-cluster/contract.ts';
import { planMigration } from '../../../src/workflows/migrate-cluster/plan.ts';
import type { UnhashedPlan } from '../../../src/workflows/runbook.ts';
import { NOW_MS, database, specOf, statefulSet } from '../../tidb/make-view.ts';
import { DOMAIN, KEY, ask, comesBack, hear, hostOf, makeAlone, only, setPeerUrl } from '../../tidb/migration/alone.ts';
import type { Alone } from '../../tidb/migration/alone.ts';
import { written } from '../../activities/steps/written.ts';

const rolled = ['pd', 'tikv', 'tidb'] as const;
const peerUrl = (ordinal: number, { domain = DOMAIN, scheme = 'http' } = {}): string => `${scheme}://${hostOf('pd', ordinal, domain)}:2380`;

function planOf(view: ClusterView, asked: Partial<MigrateWish> = {}): UnhashedPlan {
  const plan = planMigration(view, { cluster: 'shop', clusterDomain: DOMAIN, ...asked });
  if ('refusals' in plan) throw new Error(`refused: ${plan.refusals.join('; ')}`);
  return plan;
}

const marks = (plan: UnhashedPlan): string[] => plan.steps.map((step) => `${step.id}${step.alreadyDone ? ' done' : ''}`);
const stepOf = (plan: UnhashedPlan, id: string): PlannedStep => plan.steps.find((step) => step.id === id) as PlannedStep;
const scene = (view: ClusterView): Scene => ({ view, member: only(view) });
const holdsOf = (view: ClusterView, step: PlannedStep): string[] => askAll(kindOf(step).guards, view, { member: only(view) }).map((reason) => reason.key);

/** Our own patch, and what the operator then does. */
function migrated(view: ClusterView, components: readonly (typeof rolled)[number][] = rolled, asked: Partial<MigrateWish> = {}): void {
  const step = stepOf(planOf(view, asked), `across/${KEY}`);
  only(view).object = written(only(view).object, kindOf(step).change(scene(view)));
  for (const component of components) comesBack(view, component, only(view).object.spec.clusterDomain);
}

describe('the order', () => {
  it('is: prove the domain, patch, followers first, the leader last, verify', () => {
    expect(marks(planOf(makeAlone()))).toEqual(['probe/west', 'across/west', 'peer-url/shop-west-pd-1', 'peer-url/shop-west-pd-2', 'peer-url/shop-west-pd-0', 'verify/all']);
  });

  it('follows the leader of now', () => {
    const view = makeAlone();
    database(view).leader = 'shop-west-pd-1';
    expect(marks(planOf(view)).slice(2, 5)).toEqual(['peer-url/shop-west-pd-0', 'peer-url/shop-west-pd-2', 'peer-url/shop-west-pd-1']);
  });

  it('without a domain there is nothing to probe, and peer URLs are right already', () => {
    expect(marks(planOf(makeAlone(), { clusterDomain: undefined }))).toEqual(['across/west', 'peer-url/shop-west-pd-1 done', 'peer-url/shop-west-pd-2 done', 'peer-url/shop-west-pd-0 done', 'verify/all']);
  });

  it('says the risk, the backup, and by which API peer URLs are written', () => {
    const view = makeAlone();
    Object.assign(view.memberApi ?? {}, { served: 'v2' });
    const { summary, notes, figures } = planOf(view);
    expect(summary).toMatch(/experimental and may lose data/);
    expect(notes.join('\n')).toMatch(/backup of the last day is there\. It was not restored.*\n.*etcd's v2 API/);
    expect(figures?.join()).toMatch(/^Backup: shop\/daily, commit ts 452/);
  });

  it('keeps the waiver in the plan', () => expect(planOf(makeAlone(), { backupWaiver: 'empty test cluster' }).notes).toContain('No backup is asked for: empty test cluster'));
});

describe('the patch', () => {
  const patchOf = (shape: Alone, change?: (view: ClusterView) => void, asked: Partial<MigrateWish> = {}): unknown => {
    const view = makeAlone(shape);
    change?.(view);
    const [write] = kindOf(stepOf(planOf(view, asked), `across/${KEY}`)).change(scene(view));
    return write?.write === 'patch-tidb-cluster' ? write.patch['spec'] : undefined;
  };

  interface Row {
    name: string;
    shape?: Alone;
    change?: (view: ClusterView) => void;
    asked?: Partial<MigrateWish>;
    patch: object;
  }
  it.each<Row>([
    { name: 'with the strategy unset sets it in the same patch, without which nothing rolls', patch: { acrossK8s: true, clusterDomain: DOMAIN, configUpdateStrategy: 'RollingUpdate' } },
    { name: 'with the strategy set leaves it alone', shape: { strategy: 'RollingUpdate' }, patch: { acrossK8s: true, clusterDomain: DOMAIN } },
    { name: 'without a domain sets acrossK8s alone', shape: { strategy: 'RollingUpdate' }, asked: { clusterDomain: undefined }, patch: { acrossK8s: true } },
    { name: 'overrules InPlace of a component', shape: { strategy: 'RollingUpdate' }, change: (view) => (specOf(view, KEY, 'tikv').configUpdateStrategy = 'InPlace'), patch: { acrossK8s: true, clusterDomain: DOMAIN, tikv: { configUpdateStrategy: 'RollingUpdate' } } },
    { name: 'leaves the whole alone where every component says it for itself', change: (view) => rolled.forEach((component) => (specOf(view, KEY, component).configUpdateStrategy = 'RollingUpdate')), patch: { acrossK8s: true, clusterDomain: DOMAIN } },
    { name: 'overrules InPlace of the whole', shape: { strategy: 'InPlace' }, patch: { acrossK8s: true, clusterDomain: DOMAIN, configUpdateStrategy: 'RollingUpdate' } },
  ])('$name', ({ shape = {}, change, asked, patch }) => expect(patchOf(shape, change, asked)).toEqual(patch));

  it('records the revisions from before in the same patch, removes probes first, and is not written twice', () => {
    const view = makeAlone();
    view.probes = [{ name: 'shop-west-probe-x', uid: 'u', of: '', phase: 'Succeeded', exitCode: 0, lines: [], waiting: '' }];
    const step = stepOf(planOf(view), `across/${KEY}`);
    const writes = kindOf(step).change(scene(view));
    expect(writes.map((write) => write.write)).toEqual(['delete-object', 'patch-tidb-cluster']);
    only(view).object = written(only(view).object, writes);
    expect(JSON.parse(only(view).object.metadata.annotations['tidb-runbooks.io/before-across-k8s'] ?? '')).toEqual({ domain: DOMAIN, revisions: { pd: 'shop-west-pd-v853', tikv: 'shop-west-tikv-v853', tidb: 'shop-west-tidb-v853' } });
    expect(kindOf(step).change(scene(view))).toEqual([]);
  });

  it('is proved by new revisions of all, not by Ready pods of before', () => {
    const view = makeAlone();
    const step = stepOf(planOf(view), `across/${KEY}`);
    migrated(view, []);
    expect(kindOf(step).missing(scene(view)).map((sentence) => sentence.split(' (')[0])).toEqual(rolled.map((component) => `the StatefulSet of ${component} has no new revision yet`));
    expect(kindOf(step).rollsNow?.(scene(view))).toBe('pd');
    comesBack(view, 'pd');
    expect(kindOf(step).rollsNow?.(scene(view))).toBe('tikv');
    comesBack(view, 'tikv');
    expect(kindOf(step).missing(scene(view))).toEqual([expect.stringContaining('the StatefulSet of tidb has no new revision yet')]);
    comesBack(view, 'tidb');
    expect(kindOf(step).missing(scene(view))).toEqual([]);
    expect(kindOf(step).rollsNow?.(scene(view))).toBeUndefined();
  });

  it('is not proved while PD or a store goes by the old name', () => {
    const view = makeAlone();
    const step = stepOf(planOf(view), `across/${KEY}`);
    migrated(view);
    const member = database(view).members[1];
    if (member) member.clientUrls = [`http://${hostOf('pd', 1)}:2379`];
    Object.assign(database(view).stores[2] ?? {}, { address: `${hostOf('tikv', 2)}:20160` });
    expect(kindOf(step).missing(scene(view))).toEqual([expect.stringMatching(/^PD: .*has client URL http:\/\/shop-west-pd-1\.shop-west-pd-peer\.shop\.svc:2379, not .*k1\.example:2379/), expect.stringMatching(/^TiKV: store 3 has address .*, without k1\.example/)]);
  });

  it('holds with fewer than three PD members until a person accepts it', () => {
    const view = makeAlone({ replicas: { pd: 1, tikv: 3, tidb: 1 } });
    expect(holdsOf(view, stepOf(planOf(view), `across/${KEY}`))).toEqual(['pd-majority/west']);
  });

  it('holds when somebody chose another domain meanwhile, or changed the spec', () => {
    const view = makeAlone();
    const step = stepOf(planOf(view), `across/${KEY}`);
    only(view).object.spec.clusterDomain = 'k2.example';
    specOf(view, KEY, 'tikv').replicas = 4;
    expect(holdsOf(view, step)).toEqual(expect.arrayContaining(['drift/west/clusterDomain/k2.example', expect.stringMatching(/^drift\/west\/tikv\.replicas/)]));
  });
});

describe('what is half done', () => {
  it('by a run of ours, before the roll: the patch is waited for, and no restart is planned', () => {
    const view = makeAlone();
    migrated(view, []);
    expect(marks(planOf(view)).slice(0, 2)).toEqual(['probe/west', 'across/west']);
    expect(marks(planOf(view))).toHaveLength(6);
  });

  it('by a run of ours, after PD rolled: the domain is proved by its names', () => {
    const view = makeAlone();
    migrated(view, ['pd']);
    expect(marks(planOf(view))[0]).toBe('across/west');
  });

  it('by a run of ours, after all rolled and one peer URL: goes on at the right member', () => {
    const view = makeAlone();
    migrated(view);
    setPeerUrl(view, 1, peerUrl(1));
    expect(marks(planOf(view))).toEqual(['across/west done', 'peer-url/shop-west-pd-1 done', 'peer-url/shop-west-pd-2', 'peer-url/shop-west-pd-0', 'verify/all']);
  });

  it('with everything done, everything is adopted', () => {
    const view = makeAlone();
    migrated(view);
    [0, 1, 2].forEach((ordinal) => setPeerUrl(view, ordinal, peerUrl(ordinal)));
    expect(planOf(view).steps.every((step) => step.alreadyDone)).toBe(true);
  });

  it('by hand, with nothing rolled: what has its script in a ConfigMap is restarted in the operator\'s order', () => {
    const view = makeAlone();
    ask(view);
    const plan = planOf(view);
    expect(marks(plan)).toEqual(['probe/west', 'across/west done', 'restart/pd', 'restart/tikv', 'restart/tidb', 'peer-url/shop-west-pd-1', 'peer-url/shop-west-pd-2', 'peer-url/shop-west-pd-0', 'verify/all']);
    expect(kindOf(stepOf(plan, 'across/west')).missing(scene(view))).toEqual([]);
    expect(kindOf(stepOf(plan, 'restart/tikv')).change(scene(view))).toEqual([{ write: 'patch-tidb-cluster', patch: { spec: { tikv: { annotations: { 'tidb.pingcap.com/restartedAt': `across-k8s-${DOMAIN}` } } } } }]);
  });

  it('by hand, with PD restarted by hand: only the rest is restarted', () => {
    const view = makeAlone();
    ask(view);
    comesBack(view, 'pd');
    expect(marks(planOf(view)).slice(0, 3)).toEqual(['across/west done', 'restart/tikv', 'restart/tidb']);
  });

  it('by hand, with everything rolled after the fields were written: adopted', () => {
    const view = makeAlone();
    ask(view);
    only(view).object.metadata.managedFields = [{ manager: 'kubectl-patch', time: new Date(NOW_MS - 3_600_000).toISOString(), fieldsV1: { 'f:spec': { 'f:acrossK8s': {}, 'f:clusterDomain': {} } } }];
    rolled.forEach((component) => comesBack(view, component));
    expect(marks(planOf(view)).slice(0, 2)).toEqual(['across/west done', 'peer-url/shop-west-pd-1']);
  });

  it('by hand, with pods that may be older than the fields: restarted, because nobody knows', () => {
    const view = makeAlone();
    ask(view);
    only(view).object.metadata.managedFields = [{ manager: 'kubectl-patch', time: new Date(NOW_MS - 310_000).toISOString(), fieldsV1: { 'f:spec': { 'f:acrossK8s': {} } } }];
    rolled.forEach((component) => comesBack(view, component));
    expect(marks(planOf(view)).slice(0, 2)).toEqual(['across/west done', 'restart/tidb']);
  });

  it('a wrong peer URL of a healthy member is mended, and the plan says so', () => {
    const view = makeAlone({ tls: true });
    migrated(view);
    setPeerUrl(view, 2, peerUrl(2, { domain: 'k2.example', scheme: 'https' }));
    const plan = planOf(view);
    expect(marks(plan)).toContain('peer-url/shop-west-pd-2');
    expect(plan.notes.join('\n')).toMatch(/shop-west-pd-2 has peer URL https:\/\/.*k2\.example:2380, written by hand.*it is healthy, so that is mended/);
  });
});

describe('a peer URL', () => {
  const ready = (shape: Alone = {}): { view: ClusterView; step: PlannedStep } => {
    const view = makeAlone(shape);
    migrated(view);
    return { view, step: stepOf(planOf(view), 'peer-url/shop-west-pd-1') };
  };

  it.each([false, true])('is the one right text, with the id as text (TLS %s)', (tls) => {
    const { view, step } = ready({ tls });
    const id = database(view).members[1]?.id;
    expect(holdsOf(view, step)).toEqual([]);
    expect(kindOf(step).change(scene(view))).toEqual([{ write: 'member-peer-url', memberId: id, peerUrl: peerUrl(1, { scheme: tls ? 'https' : 'http' }), place: { pod: 'shop-west-pd-1', tidbCluster: 'shop-west', namespace: 'shop', domain: DOMAIN, tls } }]);
    expect(BigInt(id ?? 0)).toBeGreaterThan(BigInt(Number.MAX_SAFE_INTEGER));
  });

  it('is proved when every member that was asked lists it, and not written twice', () => {
    const { view, step } = ready();
    setPeerUrl(view, 1, peerUrl(1));
    expect(kindOf(step).change(scene(view))).toEqual([]);
    expect(kindOf(step).missing(scene(view))).toEqual([]);
    const voice = view.memberApi?.voices[2];
    if (voice) voice.members = voice.members.map((member) => ({ ...member, peerUrls: [peerUrl(1, { domain: '' }).replace('pd-1', member.name.slice(10, 14))] }));
    expect(kindOf(step).missing(scene(view)).join('\n')).toMatch(/lists .* for shop-west-pd-1, not .*\n.*lists other members or URLs than/);
  });

  it.each<[string, (view: ClusterView) => void, unknown]>([
    ['two members tell different things', (view) => view.memberApi?.voices[1]?.members.pop(), 'pd-members-doubt/0'],
    ['only one member answers', (view) => view.memberApi?.voices.splice(1), 'pd-members-doubt/0'],
    ['a member is unwell in the eyes of one', (view) => view.memberApi?.voices[1]?.unhealthy.push('x'), 'pd-members-doubt/0'],
    ['etcd and PD count differently', (view) => database(view).members.pop(), 'pd-members-doubt/0'],
    ['the list was not read', (view) => delete view.memberApi, 'pd-members-doubt/0'],
    ['PD is without a leader', (view) => (database(view).leader = undefined), 'pd-no-leader'],
    ['a member is not healthy', (view) => unwell(view), 'pd-member/shop-west-pd-2'],
    ['PD is still known by an old name', (view) => oldName(view), 'old-name/0'],
    ['the fields were taken back', (view) => (only(view).object.spec.acrossK8s = false), 'across/west'],
    ['the member was replaced', (view) => replaced(view), expect.stringMatching(/^no-member\//)],
    ['another member has that URL', (view) => setPeerUrl(view, 0, peerUrl(1)), 'peer-url/shop-west-pd-1/0'],
    ['its own peer URL became garbage', (view) => setPeerUrl(view, 1, 'garbage'), 'peer-url/shop-west-pd-1/0'],
    ['something rolls', (view) => (statefulSet(view, KEY, 'tidb').status.readyReplicas = 0), 'rolling/west/tidb'],
  ])('is not written while %s', (_name, change, key) => {
    const { view, step } = ready();
    change(view);
    expect(holdsOf(view, step)).toContainEqual(key);
  });

  it('a URL that a newer or broken planner made is not written', () => {
    const { view, step } = ready();
    expect(holdsOf(view, { ...step, input: { ...step.input, url: 'http://${member_peer_url}:2380' } }).length).toBeGreaterThan(0);
  });

  it('while it waits, the first doubt holds the run', () => {
    const { view, step } = ready();
    unwell(view);
    expect(askAll(kindOf(step).standing, view, { member: only(view) }).map((reason) => reason.key)).toEqual(['pd-member/shop-west-pd-2']);
  });
});

function unwell(view: ClusterView): void {
  const member = database(view).members[2];
  if (member) member.healthy = false;
  hear(view);
}

function oldName(view: ClusterView): void {
  Object.assign(database(view).members[0] ?? {}, { name: 'shop-west-pd-0' });
  hear(view);
}

function replaced(view: ClusterView): void {
  Object.assign(database(view).members[1] ?? {}, { id: '7' });
  hear(view);
}

describe('the leader of the moment, which a roll may have changed since the plan', () => {
  const postponed = (view: ClusterView, ordinal: number): string | undefined => kindOf(stepOf(planOf(view), `peer-url/shop-west-pd-${ordinal}`)).postponed?.(scene(view));
  const led = (ordinal: number): ClusterView => {
    const view = makeAlone();
    migrated(view);
    database(view).leader = database(view).members[ordinal]?.name;
    return view;
  };

  it('gives way to the followers', () => {
    expect(postponed(led(1), 1)).toBe('shop-west-pd-1 leads PD now, and the followers come first');
    expect([0, 2].map((ordinal) => postponed(led(1), ordinal))).toEqual([undefined, undefined]);
  });

  it('has its turn when all others are right', () => {
    const view = led(1);
    for (const ordinal of [0, 2]) setPeerUrl(view, ordinal, peerUrl(ordinal));
    expect(postponed(view, 1)).toBeUndefined();
  });

  it('is nobody while nobody leads', () => {
    const view = led(1);
    database(view).leader = undefined;
    expect([0, 1, 2].map((ordinal) => postponed(view, ordinal))).toEqual([undefined, undefined, undefined]);
  });
});

describe('the proof at the end', () => {
  it('prints what a joining PD is told', () => {
    const view = makeAlone();
    migrated(view);
    [0, 1, 2].forEach((ordinal) => setPeerUrl(view, ordinal, peerUrl(ordinal)));
    const kind = kindOf(stepOf(planOf(view), 'verify/all'));
    expect(kind.missing(scene(view))).toEqual([]);
    expect(kind.proof(scene(view))).toMatchObject({ aJoiningPdIsTold: `--join=${[0, 1, 2].map((ordinal) => `http://${hostOf('pd', ordinal, DOMAIN)}:2379`).join(',')}` });
  });

  it('names every URL without the domain', () => {
    const view = makeAlone();
    migrated(view);
    setPeerUrl(view, 0, peerUrl(0));
    expect(kindOf(stepOf(planOf(view), 'verify/all')).missing(scene(view)).filter((sentence) => sentence.includes('has peer URL'))).toHaveLength(2);
  });
});

describe('the probe', () => {
  const asked = (view: ClusterView): PlannedStep => stepOf(planOf(view), `probe/${KEY}`);
  const answered = (view: ClusterView, change: object = {}): void => {
    const create = kindOf(asked(view)).change(scene(view)).find((write) => write.write === 'create-object');
    const of = ((create?.body['metadata'] as { annotations: Record<string, string> } | undefined)?.annotations ?? {})['tidb-runbooks.io/probe-of'] ?? '';
    const lines = only(view).pods.filter((pod) => pod.metadata.name.includes('-pd-')).flatMap((pod) => [`Name:\t${pod.metadata.name}`, `Address: ${String(pod.status['podIP'])}`]);
    view.probes = [{ name: 'shop-west-probe-x', uid: 'u1', of, phase: 'Succeeded', exitCode: 0, lines, waiting: '', ...change }];
  };

  it('is a pod that may do nothing, of the image that is there, and asks for every PD pod', () => {
    const view = makeAlone();
    const [write] = kindOf(asked(view)).change(scene(view));
    const pod = write?.write === 'create-object' ? write.body : {};
    expect(pod).toMatchObject({
      metadata: { generateName: 'shop-west-probe-', namespace: 'shop', labels: { 'tidb-runbooks.io/probe': 'shop' }, ownerReferences: [{ kind: 'TidbCluster', name: 'shop-west' }] },
      spec: { restartPolicy: 'Never', automountServiceAccountToken: false, securityContext: { runAsNonRoot: true }, containers: [{ image: 'pingcap/pd:v8.5.3', command: ['/bin/sh', '-c', [0, 1, 2].map((ordinal) => `nslookup ${hostOf('pd', ordinal, DOMAIN)}`).join(' && ')] }] },
    });
    const other = kindOf(stepOf(planOf(view, { probeImage: 'busybox:1.36' }), `probe/${KEY}`)).change(scene(view))[0];
    expect(JSON.stringify(other)).toContain('busybox:1.36');
  });

  it("proves the domain when it finds the pods' own addresses", () => {
    const view = makeAlone();
    answered(view);
    expect(kindOf(asked(view)).missing(scene(view))).toEqual([]);
    expect(kindOf(asked(view)).proof(scene(view))).toMatchObject({ domain: DOMAIN, resolved: [expect.stringMatching(/^shop-west-pd-\d\..*k1\.example 10\.1\.0\./), expect.anything(), expect.anything()] });
  });

  it.each<[string, object, RegExp]>([
    ['a name that does not resolve', { exitCode: 1, phase: 'Failed', lines: ["** server can't find x: NXDOMAIN"] }, /NXDOMAIN; retry looks again, skip takes your word for it/],
    ['a wildcard that answers anything', { lines: ['Name: x', 'Address: 203.0.113.7'] }, /does not resolve to its pod's address 10\.1\.0\./],
  ])('holds by decision at %s, and retry makes another', (_name, change, says) => {
    const view = makeAlone();
    answered(view, change);
    const kind = kindOf(asked(view));
    const reasons = askAll(kind.standing, view, { member: only(view) });
    expect(reasons[0]?.message).toMatch(says);
    expect(reasons.every((reason) => reason.clears === 'decision')).toBe(true);
    expect(kind.change(scene(view)).map((write) => write.write)).toEqual(['delete-object', 'create-object']);
  });

  it('one that is still at it is waited for', () => {
    const view = makeAlone();
    answered(view, { exitCode: undefined, phase: 'Pending', lines: [] });
    expect(kindOf(asked(view)).change(scene(view))).toEqual([]);
    expect(kindOf(asked(view)).missing(scene(view))).toEqual(['pod shop-west-probe-x has not ended yet (Pending)']);
  });

  it('an answer about pods of before is none', () => {
    const view = makeAlone();
    answered(view);
    only(view).pods.forEach((pod) => (pod.metadata.uid += '-later'));
    expect(kindOf(asked(view)).missing(scene(view))).toEqual(['no pod has looked up the names yet']);
  });
});

describe('the contract', () => {
  const problems = (input: object): string[] => migrateClusterRunbook.contract().safeParse(input).error?.issues.map((issue) => issue.message) ?? [];
  const right = { cluster: 'shop', clusterDomain: DOMAIN, acceptRisk: true };
  it.each<[string, object, RegExp | undefined]>([
    ['the least', { cluster: 'shop', acceptRisk: true }, undefined],
    ['with a domain', right, undefined],
    ['without acceptRisk', { cluster: 'shop' }, /^this is experimental and may lose data: read docs\/migrate-cluster\.md, then give "acceptRisk": true$/],
    ['acceptRisk false', { ...right, acceptRisk: false }, /may lose data/],
    ['acceptRisk as text', { ...right, acceptRisk: 'true' }, /may lose data/],
    ['gates none', { ...right, gates: 'none' }, /^"none" is refused: this runbook begins only when a person has approved its plan$/],
    ['gates step', { ...right, gates: 'step' }, undefined],
    ['an empty waiver', { ...right, backupWaiver: ' ' }, />=1/],
    ['an unknown key', { ...right, domain: 'x' }, /domain/],
  ])('%s', (_name, input, says) => {
    if (says) expect(problems(input).join('\n')).toMatch(says);
    else expect(problems(input)).toEqual([]);
  });
});
