/** acrossK8s and clusterDomain on an existing TidbCluster: what rolls, which names change, and what stays. */
import type { Topic } from '../behaviour.ts';
import type { Ground } from '../ground.ts';
import { components, loneUpgrade } from '../lone-upgrade.ts';
import { doomed } from '../stages.ts';
import { isComplete, isReady, ordinalOf, phaseOf, readyOf } from '../subject.ts';
import type { Subject } from '../subject.ts';
import type { Timeline } from '../timeline.ts';

/** The Kubernetes cluster's own domain: with any other one the operator does not reach the pods under their new names. */
const domainOf = ({ place }: Subject): string => `${place.cluster}.local`;
const across = (subject: Subject): object => ({ acrossK8s: true, clusterDomain: domainOf(subject) });
type Report = Awaited<ReturnType<Subject['report']>>;

/** The lone TidbCluster gets a domain while its configuration is changed in place. */
const withDomain = (ground: Ground): Promise<{ reaction: string; unjoined: string }> =>
  ground.once('domain in place', async () => {
    const { subject } = await loneUpgrade(ground);
    const reaction = await subject.reaction([...components], () => subject.patch({ spec: across(subject) }));
    // Status follows the pass, late on a busy computer.
    const unjoined = await ground.until('PD pods are listed as unjoined', async () => {
      const { status } = await subject.get();
      return Object.keys((status.pd.unjoinedMembers ?? {}) as object).map(ordinalOf).sort().join(', ') || undefined;
    });
    return { reaction, unjoined };
  });

interface Restart {
  subject: Subject;
  order: string;
  ready: string;
  before: Report;
  after: Report;
}

const restarted = (ground: Ground): Promise<Restart> =>
  ground.once('forced restart', async () => {
    await withDomain(ground);
    const { subject } = await loneUpgrade(ground);
    const before = await subject.report();
    const timeline = subject.watch();
    const annotations = { 'tidb.pingcap.com/restartedAt': 'now' };
    const old = await subject.revisions([...components]);
    await subject.patch({ spec: Object.fromEntries(components.map((component) => [component, { annotations }])) });
    await ground.until('the forced restart is over', async () => {
      const [sets, cluster] = [await Promise.all(components.map((component) => subject.set(component))), await subject.get()];
      const isNew = (await subject.revisions([...components])).split(' ').every((revision, index) => revision !== old.split(' ')[index]);
      return isNew && sets.every(isComplete) && isReady(cluster) && components.every((component) => phaseOf(cluster, component) === 'Normal');
    });
    timeline.stop();
    return { subject, order: pods(timeline, subject), ready: readyOf(await subject.get()), before, after: await subject.report() };
  });

/** Component and ordinal of pods by the time their deletion was asked for. */
function pods(timeline: Timeline, subject: Subject): string {
  const going = timeline.all().filter(({ kind, object }) => kind === 'pod' && object.metadata['deletionTimestamp'] !== undefined);
  return [...new Set(going.map(({ name }) => name.slice(subject.place.name.length + 1)))].join(', ');
}

const kept = (isKept: boolean): string => (isKept ? 'kept' : 'changed');
const sorted = (items: (string | number)[]): string => [...items].map(String).sort().join();

function names({ subject, before, after }: Restart): string {
  const [old, now] = [before.members, after.members];
  const inDomain = (texts: string[]): string => (texts.every((text) => text.includes(domainOf(subject))) ? 'with domain' : 'without domain');
  return [
    `member ids ${kept(sorted(old.map(({ id }) => id)) === sorted(now.map(({ id }) => id)))}`,
    `names ${inDomain(now.map(({ name }) => name))}`,
    `client URLs ${inDomain(now.flatMap(({ clientUrls }) => clientUrls))}`,
    `peer URLs ${inDomain(now.flatMap(({ peerUrls }) => peerUrls))}`,
    `store ids ${kept(sorted(before.stores.map(({ id }) => id)) === sorted(after.stores.map(({ id }) => id)))}`,
    `store addresses ${inDomain(after.stores.map(({ address }) => address))}`,
  ].join(', ');
}

async function strategyWithDomain(ground: Ground): Promise<string> {
  const subject = await doomed(ground);
  const old = await subject.revisions(['pd', 'tikv']);
  const timeline = subject.watch();
  await subject.patch({ spec: { ...across(subject), configUpdateStrategy: 'RollingUpdate' } });
  await ground.until('PD and TiKV rolled with their new domain', async () => {
    const [sets, cluster] = [await Promise.all(['pd', 'tikv'].map((component) => subject.set(component))), await subject.get()];
    const isNew = (await subject.revisions(['pd', 'tikv'])).split(' ').every((revision, index) => revision !== old.split(' ')[index]);
    return isNew && sets.every(isComplete) && isReady(cluster);
  });
  timeline.stop();
  return `rolls ${pods(timeline, subject)}`;
}

export const domainsOfLone: Topic = {
  'in-place': {
    title: 'acrossK8s and a domain while configuration is changed in place', source: '§4.4, §12.9, #22', judge: 'operator', reliedOnBy: 'migrateCluster: names change only after a forced restart',
    documented: 'rolls nothing, Ready True',
    observe: async (ground) => (await withDomain(ground)).reaction,
  },
  'unjoined-members': {
    title: 'status.pd.unjoinedMembers after that', source: '#22', judge: 'operator', reliedOnBy: 'migrateCluster: healthy PD pods are listed there, so the list proves nothing',
    documented: 'lists PD pods 0, 1, 2',
    observe: async (ground) => `lists PD pods ${(await withDomain(ground)).unjoined}`,
  },
  'strategy-afterwards': {
    title: 'configUpdateStrategy RollingUpdate set afterwards', source: '#23', judge: 'operator', reliedOnBy: 'migrateCluster: the strategy belongs into the same patch',
    documented: 'rolls nothing, Ready True',
    observe: async (ground) => {
      await withDomain(ground);
      const { subject } = await loneUpgrade(ground);
      return subject.reaction([...components], () => subject.patch({ spec: { configUpdateStrategy: 'RollingUpdate' } }));
    },
  },
  'forced-restart': {
    title: 'Restart of all components by one patch of annotations', source: '#24', judge: 'operator', reliedOnBy: 'migrateCluster and restartCluster',
    documented: 'pods pd-2, pd-1, pd-0, tikv-2, tikv-1, tikv-0, tidb-0; Ready True',
    observe: async (ground) => {
      const { order, ready } = await restarted(ground);
      return `pods ${order}; Ready ${ready}`;
    },
  },
  'names-after-restart': {
    title: 'Names and addresses in PD after the restart with a new domain', source: '§12.5, #24', judge: 'etcd', reliedOnBy: 'migrateCluster: only peer URLs are left to be mended',
    documented: 'member ids kept, names with domain, client URLs with domain, peer URLs without domain, store ids kept, store addresses with domain',
    observe: async (ground) => names(await restarted(ground)),
  },
};

export const domainsOfDoomed: Topic = {
  'strategy-with-domain': {
    title: 'Strategy RollingUpdate, acrossK8s and a domain in one patch', source: '§4.4, #23', judge: 'operator', reliedOnBy: 'migrateCluster: the variant that needs no forced restart',
    documented: 'rolls pd-2, pd-1, pd-0, tikv-1, tikv-0',
    observe: strategyWithDomain,
  },
};
