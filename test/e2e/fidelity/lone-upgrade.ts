/** One upgrade of PD, TiKV and TiDB of a lone TidbCluster by one patch, braked in TiKV's roll, and everything that was seen of it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { KubernetesObject } from '../../../lab/kubernetes-api.ts';
import type { Ground } from './ground.ts';
import { lone, to } from './stages.ts';
import { imageOf, isComplete, isReady, ordinalOf, partitionOf, phaseOf, readyOf } from './subject.ts';
import type { Subject } from './subject.ts';
import { distinct } from './timeline.ts';
import type { Timeline } from './timeline.ts';

export const components = ['pd', 'tikv', 'tidb'] as const;
export const ownerGeneration = 'tidb.pingcap.com/owner-generation';
export const ddlPaused = 'tidb.pingcap.com/smooth-upgrade-ddl-paused';

const sampleEvery = 20;
const podsOfTikv = 3;

/** What PD says of itself, without the moments at which nobody leads. */
interface Trails {
  /** Ordinals of the leading PD. */
  leaders: string[];
  /** Ordinals of the TiKV pods under eviction, by the time they were first seen. */
  evicted: string[];
  /** Whether DDL was paused at any time, and is at the end. */
  ddl: { ever: boolean; now: boolean };
}

export interface Braked {
  partition: number;
  phase: string | undefined;
  ready: string;
  /** Pods of the new revision and ready pods, at first and after a while. */
  counts: [string, string];
  evicting: string[];
}

export interface Upgrade {
  subject: Subject;
  timeline: Timeline;
  trails: Trails;
  braked: Braked;
  before: { generations: (string | undefined)[]; partitions: number[]; members: string; cluster: KubernetesObject; at: string };
  after: { generations: (string | undefined)[]; partitions: number[]; members: string; cluster: KubernetesObject; at: string; events: KubernetesObject[] };
}

export const loneUpgrade = (ground: Ground): Promise<Upgrade> => ground.once('upgrade of the lone TidbCluster', () => upgrade(ground));

async function upgrade(ground: Ground): Promise<Upgrade> {
  const subject = await lone(ground);
  await subject.lead((name) => ordinalOf(name) === '2');
  const before = await state(subject);
  const timeline = subject.watch();
  const sampling = new AbortController();
  const trails = sample(subject, sampling.signal);
  try {
    await subject.patch({ spec: Object.fromEntries(components.map((component) => [component, { version: to }])) });
    const braked = await brake(subject);
    await ground.until('the upgrade of the lone TidbCluster is over', () => isOver(subject));
    sampling.abort();
    return { subject, timeline, braked, before, trails: await trails, after: { ...(await state(subject)), events: await subject.events() } };
  } finally {
    sampling.abort();
    timeline.stop();
  }
}

async function state(subject: Subject): Promise<Omit<Upgrade['before'], never>> {
  const sets = await Promise.all(components.map((component) => subject.set(component)));
  const { members } = await subject.report();
  return {
    generations: sets.map(({ metadata }) => (metadata['annotations'] as Record<string, string>)[ownerGeneration]),
    partitions: sets.map(partitionOf),
    members: members.map(({ id, name, peerUrls }) => `${id} ${name} ${peerUrls.join()}`).sort().join('\n'),
    cluster: await subject.get(),
    at: new Date().toISOString(),
  };
}

async function sample(subject: Subject, signal: AbortSignal): Promise<Trails> {
  const leaders: string[] = [];
  const evicted: string[] = [];
  const ddl = { ever: false, now: false };
  while (!signal.aborted) {
    const report = await subject.report().catch(() => undefined);
    if (report) {
      if (report.leader !== null) leaders.push(ordinalOf(report.leader));
      evicted.push(...report.stores.filter((store) => store.isEvicting).map((store) => ordinalOf(store.origin.pod)).filter((ordinal) => !evicted.includes(ordinal)));
      ddl.now = report.ddlPaused;
      ddl.ever ||= report.ddlPaused;
    }
    await delay(sampleEvery);
  }
  return { leaders: distinct(leaders), evicted, ddl };
}

/** Pauses as soon as TiKV's first pod may be replaced, looks twice while paused, and lets go. */
async function brake(subject: Subject): Promise<Braked> {
  await subject.ground.until('TiKV’s partition is lowered', async () => partitionOf(await subject.set('tikv')) < podsOfTikv);
  await subject.patch({ spec: { paused: true } });
  const held = await subject.ground.until('the pod that was going is back', async () => {
    const set = await subject.set('tikv');
    return set['status'].readyReplicas === podsOfTikv && (set['status'].updatedReplicas ?? 0) > 0 && set;
  });
  await subject.quiet();
  const [set, cluster, report] = [await subject.set('tikv'), await subject.get(), await subject.report()];
  await subject.patch({ spec: { paused: false } });
  const counts = ({ status }: KubernetesObject): string => `${status.updatedReplicas} of ${podsOfTikv} new, ${status.readyReplicas} ready`;
  return {
    partition: partitionOf(set), phase: phaseOf(cluster, 'tikv'), ready: readyOf(cluster), counts: [counts(held), counts(set)],
    evicting: report.stores.filter((store) => store.isEvicting).map((store) => ordinalOf(store.origin.pod)),
  };
}

async function isOver(subject: Subject): Promise<boolean> {
  const cluster = await subject.get();
  const sets = await Promise.all(components.map((component) => subject.set(component)));
  return isReady(cluster)
    && cluster.metadata['annotations']?.[ddlPaused] === undefined
    && sets.every((set, index) => {
      const component = components[index] ?? 'pd';
      return isComplete(set) && imageOf(set, component).endsWith(`:${to}`) && phaseOf(cluster, component) === 'Normal' && partitionOf(set) === set['spec'].replicas;
    });
}
