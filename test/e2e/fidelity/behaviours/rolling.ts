/** What is seen of a roll inside one TidbCluster: order of phase, Ready and revisions, partitions, gates, leaders. */
import type { Topic } from '../behaviour.ts';
import { components, ddlPaused, loneUpgrade } from '../lone-upgrade.ts';
import type { Upgrade } from '../lone-upgrade.ts';
import { to } from '../stages.ts';
import { imageOf, isReady, ordinalOf, partitionOf, phaseOf, readyOf } from '../subject.ts';
import { distinct } from '../timeline.ts';
import type { Moment } from '../timeline.ts';

const setOf = (moment: Moment, component: string): boolean => moment.kind === 'set' && moment.name.endsWith(`-${component}`);
const cluster = (holds: (moment: Moment) => boolean) => (moment: Moment): boolean => moment.kind === 'cluster' && holds(moment);
const isNew = (component: string) => (moment: Moment): boolean => setOf(moment, component) && imageOf(moment.object, component).endsWith(`:${to}`);
const phase = (component: string, wanted: string) => cluster(({ object }) => phaseOf(object, component) === wanted);
const knowsNewRevision = (component: string) => cluster(({ object: { status } }) => status[component].statefulSet.currentRevision !== status[component].statefulSet.updateRevision);
const knowsOneRevision = (component: string) => cluster((moment) => !knowsNewRevision(component)(moment));

function beginning({ timeline }: Upgrade): string {
  const order = timeline.story([
    { words: 'new template', when: isNew('pd') },
    { words: 'phase Upgrade', when: phase('pd', 'Upgrade') },
    { words: 'status shows two revisions', when: knowsNewRevision('pd') },
    { words: 'Ready False', when: cluster(({ object }) => !isReady(object)) },
  ]);
  const stale = timeline.all().some(cluster(({ object }) => phaseOf(object, 'pd') === 'Upgrade' && isReady(object)));
  return `${order}; Ready ${stale ? 'still True' : 'no longer True'} at phase Upgrade`;
}

const ending = ({ timeline }: Upgrade): string =>
  timeline.story([
    { words: 'TiDB’s phase Upgrade', when: phase('tidb', 'Upgrade') },
    { words: 'status shows two revisions', when: knowsNewRevision('tidb'), after: 'TiDB’s phase Upgrade' },
    { words: 'one revision', when: knowsOneRevision('tidb'), after: 'status shows two revisions' },
    { words: 'phase Normal', when: phase('tidb', 'Normal'), after: 'TiDB’s phase Upgrade' },
  ]);

/** A TidbCluster that is Ready and Normal everywhere before all three run the target would end a naive wait. */
function readyAtEnd({ timeline }: Upgrade): string {
  const last = timeline.of('cluster', timeline.all().find(({ kind }) => kind === 'cluster')?.name ?? '').at(-1);
  return last ? `Ready ${readyOf(last.object)}, phases ${components.map((component) => phaseOf(last.object, component)).join(' ')}` : 'nothing';
}

const partitions = ({ timeline, subject }: Upgrade, component: string): string =>
  distinct(timeline.of('set', `${subject.place.name}-${component}`).map(({ object }) => partitionOf(object))).join(' → ');

/** Ordinals of pods by the time their deletion was asked for. */
function podOrder({ timeline, subject }: Upgrade, component: string): string {
  const prefix = `${subject.place.name}-${component}-`;
  const going = timeline.all().filter(({ kind, name, object }) => kind === 'pod' && name.startsWith(prefix) && object.metadata['deletionTimestamp'] !== undefined);
  return [...new Set(going.map(({ name }) => ordinalOf(name)))].join(', ');
}

function gates({ timeline }: Upgrade): string {
  const begun = components.map((component) => ({ words: component, when: isNew(component) }));
  const whilePd = timeline.all().filter(cluster(({ object }) => phaseOf(object, 'pd') === 'Upgrade'));
  const waiting = [...new Set(whilePd.map(({ object }) => `tikv ${phaseOf(object, 'tikv')}, tidb ${phaseOf(object, 'tidb')}`))].join(' or ');
  return `new templates in the order ${timeline.story(begun)}; phases while PD upgrades: ${waiting}`;
}

function pauseOfDdl({ timeline, trails }: Upgrade): string {
  const isMarked = cluster(({ object }) => object.metadata['annotations']?.[ddlPaused] === 'true');
  const order = timeline.story([
    { words: 'annotations', when: isMarked },
    { words: 'TiDB’s template', when: isNew('tidb') },
    { words: 'TiDB’s phase Normal', when: phase('tidb', 'Normal'), after: 'TiDB’s template' },
    { words: 'annotations gone', when: cluster((moment) => !isMarked(moment)), after: 'annotations' },
  ]);
  return `${order}; DDL ${trails.ddl.ever ? 'paused' : 'never paused'}, ${trails.ddl.now ? 'still paused' : 'running at the end'}`;
}

export const rolling: Topic = {
  'stale-ready': {
    title: 'After a version patch: template, phase, revisions and Ready', source: '§1.3, §12.1, #1', judge: 'operator',
    reliedOnBy: 'completion proof of every step: Ready and phase count for nothing right after a patch',
    documented: 'new template → phase Upgrade → status shows two revisions and Ready False; Ready still True at phase Upgrade',
    observe: async (ground) => beginning(await loneUpgrade(ground)),
  },
  'roll-end': {
    title: 'End of a roll: one revision and phase Normal come together in status', source: '§1.4, §12.1', judge: 'operator',
    reliedOnBy: 'completion proof, points 2 and 4',
    documented: 'TiDB’s phase Upgrade → status shows two revisions → one revision and phase Normal',
    observe: async (ground) => ending(await loneUpgrade(ground)),
  },
  'ready-end': {
    title: 'Ready and phases when everything is over', source: '§1.3', judge: 'operator', reliedOnBy: 'completion proof',
    documented: 'Ready True, phases Normal Normal Normal',
    observe: async (ground) => readyAtEnd(await loneUpgrade(ground)),
  },
  partition: {
    title: 'Partition at rest and during a roll', source: '§1.5, pd_upgrader.go', judge: 'operator', reliedOnBy: 'plan and progress of a roll; an edited StatefulSet rolls nothing by itself',
    documented: 'pd 3 → 2 → 1 → 0 → 3; tikv 3 → 2 → 1 → 0 → 3; tidb 1 → 0 → 1',
    observe: async (ground) => {
      const seen = await loneUpgrade(ground);
      return components.map((component) => `${component} ${partitions(seen, component)}`).join('; ');
    },
  },
  'highest-ordinal-first': {
    title: 'Pods are replaced from the highest ordinal down', source: '§2.3, §2.4', judge: 'operator', reliedOnBy: 'progress and the brake between two pods',
    documented: 'pd 2, 1, 0; tikv 2, 1, 0; tidb 0',
    observe: async (ground) => {
      const seen = await loneUpgrade(ground);
      return components.map((component) => `${component} ${podOrder(seen, component)}`).join('; ');
    },
  },
  gates: {
    title: 'A gated component keeps its old template without a trace', source: '§2.2, §12.4', judge: 'operator', reliedOnBy: 'point 2 of the proof: only the image tells that a component has not begun',
    documented: 'new templates in the order pd → tikv → tidb; phases while PD upgrades: tikv Normal, tidb Normal',
    observe: async (ground) => gates(await loneUpgrade(ground)),
  },
  'pd-leader-local': {
    title: 'PD’s leader moves to a local member before its pod is replaced', source: '§2.3, pd_upgrader.go', judge: 'operator', reliedOnBy: 'PD majority guard; one leader change per step at most is wanted',
    documented: 'PD 2 → 0 → 2 leads',
    observe: async (ground) => `PD ${(await loneUpgrade(ground)).trails.leaders.join(' → ')} leads`,
  },
  'pd-member-entries': {
    title: 'Member entries keep id, name and peer URLs over a restart', source: '§5.4, §12.5', judge: 'etcd', reliedOnBy: 'migrateCluster: peer URLs are never mended by a restart',
    documented: 'all entries as before',
    observe: async (ground) => {
      const { before, after } = await loneUpgrade(ground);
      return before.members === after.members ? 'all entries as before' : 'entries changed';
    },
  },
  'evict-leader': {
    title: 'TiKV’s leaders are evicted store by store, and nothing is left', source: '§2.4, §12.6', judge: 'operator', reliedOnBy: 'point 6 of the proof; stall reason of leaders that do not move',
    documented: 'evicted in the order 2, 1, 0; evicting at the end: none',
    observe: async (ground) => {
      const { trails, subject } = await loneUpgrade(ground);
      const left = (await subject.report()).stores.filter((store) => store.isEvicting).length;
      return `evicted in the order ${trails.evicted.join(', ')}; evicting at the end: ${left === 0 ? 'none' : left}`;
    },
  },
  'paused-mid-roll': {
    title: 'spec.paused in the middle of a roll freezes it between two pods', source: '#36', judge: 'operator', reliedOnBy: 'the brake of every rolling step',
    documented: '1 of 3 new, 3 ready, and so it stays; partition 2, phase Upgrade, Ready False (StatefulSetNotUpToDate); goes on when let go',
    observe: async (ground) => {
      const { braked } = await loneUpgrade(ground);
      const [first, later] = braked.counts;
      return `${first}, and ${first === later ? 'so it stays' : `then ${later}`}; partition ${braked.partition}, phase ${braked.phase}, Ready ${braked.ready}; goes on when let go`;
    },
  },
  'paused-keeps-eviction': {
    title: 'While paused, the evict-leader scheduler of the replaced pod stays', source: '§2.4, tikv_upgrader.go', judge: 'operator', reliedOnBy: 'the brake: a paused TiKV roll leaves a store without leaders',
    documented: 'stores under eviction while paused: 2',
    observe: async (ground) => `stores under eviction while paused: ${(await loneUpgrade(ground)).braked.evicting.join(', ') || 'none'}`,
  },
  'smooth-upgrade': {
    title: 'DDL is paused for TiDB’s roll, with annotations that come and vanish', source: '§2.6, §12.13, #13', judge: 'operator', reliedOnBy: 'drift check (annotations of the operator), the report’s DDL state',
    documented: 'annotations → TiDB’s template → annotations gone → TiDB’s phase Normal; DDL paused, running at the end',
    observe: async (ground) => pauseOfDdl(await loneUpgrade(ground)),
  },
};
