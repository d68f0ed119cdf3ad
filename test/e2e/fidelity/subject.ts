/** One TidbCluster under observation: what a person with kubectl and curl would do to it and see of it. */
import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import type { KubernetesApi, KubernetesObject } from '../../../lab/kubernetes-api.ts';
import type { Ground } from './ground.ts';
import { Timeline } from './timeline.ts';

export interface Place {
  cluster: string;
  namespace: string;
  name: string;
  /** Name of the TiDB cluster in the lab. */
  database: string;
}

export interface HttpAnswer {
  status: number;
  text: string;
}

/** Milliseconds in which nothing may happen, after a nudge that makes the operator look. Exceeds some passes of either operator. */
const quietFor = 3_000;
const pdPort = 2379;

export class Subject {
  readonly place: Place;
  readonly ground: Ground;
  #nudges = 0;

  constructor(ground: Ground, place: Place) {
    this.ground = ground;
    this.place = place;
  }

  get api(): KubernetesApi {
    return this.ground.admin(this.place.cluster);
  }
  get path(): string {
    return `/apis/pingcap.com/v1alpha1/namespaces/${this.place.namespace}/tidbclusters/${this.place.name}`;
  }

  get(): Promise<KubernetesObject> {
    return this.api.get(this.path);
  }
  async patch(body: object): Promise<void> {
    await this.api.patch(this.path, body);
  }
  set(component: string): Promise<KubernetesObject> {
    return this.api.get(`/apis/apps/v1/namespaces/${this.place.namespace}/statefulsets/${this.place.name}-${component}`);
  }
  async list(resource: string): Promise<KubernetesObject[]> {
    const label = encodeURIComponent(`app.kubernetes.io/instance=${this.place.name}`);
    return (await this.api.list(`/api/v1/namespaces/${this.place.namespace}/${resource}?labelSelector=${label}`)).items;
  }

  /** The events about the TidbCluster itself, not about an earlier one of its name. */
  async events(): Promise<KubernetesObject[]> {
    const uid: unknown = (await this.get()).metadata['uid'];
    const { items } = await this.api.list(`/api/v1/namespaces/${this.place.namespace}/events`);
    return items.filter((event) => event['involvedObject']?.uid === uid);
  }

  watch(): Timeline {
    return Timeline.watch(this.api, this.place.namespace);
  }

  /** Gives the operator a reason to look, without changing what it is to do, and lets some time pass. */
  async quiet(): Promise<void> {
    this.#nudges += 1;
    await this.patch({ metadata: { annotations: { 'fidelity/nudge': String(this.#nudges) } } });
    await delay(quietFor);
  }

  /** The revision of each StatefulSet's template. */
  async revisions(components: string[]): Promise<string> {
    const sets = await Promise.all(components.map((component) => this.set(component)));
    return sets.map((set) => String(set['status'].updateRevision)).join(' ');
  }

  /** Whether `change` made a StatefulSet roll, and what Ready says afterwards. */
  async reaction(components: string[], change: () => Promise<void>): Promise<string> {
    const before = await this.revisions(components);
    await change();
    await this.quiet();
    const after = await this.revisions(components);
    return `${before === after ? 'rolls nothing' : 'rolls'}, Ready ${readyOf(await this.get())}`;
  }

  /** One HTTP request to the PD of a pod, by the pod's own address. */
  async pd(ordinal: number, method: 'GET' | 'POST' | 'DELETE', path: string, body?: object | string): Promise<HttpAnswer> {
    const { namespace, name } = this.place;
    const pod = await this.api.get(`/api/v1/namespaces/${namespace}/pods/${name}-pd-${ordinal}`);
    const text = typeof body === 'object' ? JSON.stringify(body) : (body ?? null);
    const answer = await request(`http://${pod['status'].podIP}:${pdPort}${path}`, { method, body: text, headers: { 'content-type': 'application/json' } });
    return { status: answer.statusCode, text: await answer.body.text() };
  }

  /**
   * Moves PD's leadership to the member that `wanted` names, so that the way from there is known. A new leader has not heard
   * of any store yet: resolves when all are Up again and the operator knows it.
   */
  async lead(wanted: (name: string) => boolean): Promise<void> {
    const name = (await this.report()).members.find((member) => wanted(member.name))?.name;
    await this.ground.until(`PD ${name} leads`, async () => {
      if ((await this.report()).leader !== name) await this.pd(0, 'POST', `/pd/api/v1/leader/transfer/${name}`);
      return (await this.report()).leader === name;
    });
    await this.ground.until('all stores are Up after the change of leader', async () => (await this.report()).stores.every(({ state }) => state === 'Up'));
    await this.quiet();
    await this.ground.until(`${this.place.name} is Ready`, async () => isReady(await this.get()));
  }

  report(): ReturnType<Ground['lab']['database']> {
    return this.ground.lab.database(this.place.database);
  }
}

interface Condition {
  type: string;
  status: string;
  reason: string;
}

const readyCondition = (cluster: KubernetesObject): Condition | undefined =>
  ((cluster['status']?.conditions ?? []) as Condition[]).find(({ type }) => type === 'Ready');

/** `True`, or `False (<reason>)`. */
export function readyOf(cluster: KubernetesObject): string {
  const condition = readyCondition(cluster);
  return condition?.status === 'True' ? 'True' : `False (${condition?.reason ?? 'no condition'})`;
}

export const isReady = (cluster: KubernetesObject): boolean => readyCondition(cluster)?.status === 'True';
export const phaseOf = (cluster: KubernetesObject, component: string): string | undefined => cluster['status']?.[component]?.phase as string | undefined;
export const imageOf = (set: KubernetesObject, component: string): string =>
  String((set['spec'].template.spec.containers as { name: string; image: string }[]).find(({ name }) => name === component)?.image);
export const partitionOf = (set: KubernetesObject): number => Number(set['spec'].updateStrategy.rollingUpdate?.partition ?? 0);
/** Both revisions are one, and every pod is of it and ready. */
export const isComplete = ({ metadata, spec, status }: KubernetesObject): boolean =>
  status.currentRevision === status.updateRevision && status.observedGeneration === metadata['generation']
  && [status.replicas, status.readyReplicas ?? 0, status.updatedReplicas ?? 0].every((count) => count === spec.replicas);
/** The number behind the last hyphen of a pod's name, which may be followed by its host. */
export const ordinalOf = (name: string): string => /-(\d+)(\.|$)/.exec(name)?.[1] ?? '?';
