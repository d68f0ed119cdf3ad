/** Writes the logs of a small, made-up upgrade by hand: three TidbClusters with a PD member and two TiKV stores each, whole at second 0. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Case } from '../../lab/oracle/judge.ts';
import { productUser } from '../../lab/control-plane/audit-policy.ts';

export const clusters = ['east', 'west', 'south'] as const;
export type Cluster = (typeof clusters)[number];

const start = Date.parse('2026-01-01T10:00:00.000Z');
/** Seconds of the story as ISO time. */
export const iso = (second: number): string => new Date(start + Math.round(second * 1000)).toISOString();

const operator = { user: 'system:serviceaccount:tidb-admin:tidb-controller-manager', userAgent: 'tidb-controller-manager/v1.6.6' };
export const person = { user: 'alice', userAgent: 'kubectl/v1.34.0' };

interface Request {
  verb?: string;
  user?: string;
  userAgent?: string;
  code?: number;
  body?: unknown;
  resource?: string;
  subresource?: string;
  namespace?: string;
  name?: string;
  uri?: string;
  /** From arrival to answer, in seconds. */
  takes?: number;
}

/** A store by its TidbCluster and the ordinal of its pod, such as `west-1`. */
export type StoreName = `${Cluster}-${0 | 1}`;

export class Story {
  readonly #events: { second: number; line: object }[] = [];
  readonly #audits = new Map<string, { second: number; line: object }[]>(clusters.map((cluster) => [cluster, []]));
  #lastId = 0;

  constructor() {
    this.fact(-60, 'database-bootstrapped', 'east');
    for (const cluster of clusters) this.#deploy(cluster);
  }

  #deploy(cluster: Cluster): void {
    const spec = { version: 'v8.5.3', pd: { replicas: 1 }, tikv: { replicas: 2 }, tidb: { replicas: 1 }, ...(cluster === 'east' ? {} : { cluster: { name: 'shop-east' } }) };
    this.request(-60, cluster, { verb: 'create', ...person, code: 201, body: { metadata: { name: `shop-${cluster}` }, spec } });
    this.request(-59, cluster, { verb: 'update', ...operator, body: { metadata: {}, spec: { ...spec, timezone: 'UTC' }, status: this.#phases('Normal') } });
    this.fact(-50, 'member-joined', cluster, { pod: `shop-${cluster}-pd-0`, member: `${cluster}-pd-0`, members: clusters.indexOf(cluster) + 1 });
    this.fact(-49, 'member-up', cluster, { pod: `shop-${cluster}-pd-0`, member: `${cluster}-pd-0`, alive: clusters.indexOf(cluster) + 1, members: clusters.indexOf(cluster) + 1 });
    for (const name of [`${cluster}-0`, `${cluster}-1`] as const) {
      this.storeFact(-40, 'store-back', name).storeFact(-40, 'store-state', name, { from: null, to: 'Up', up: 6 });
    }
    for (const component of ['pd', 'tikv', 'tidb']) this.fact(-30, 'component-settled', cluster, { component, revision: 'old', replicas: 1 });
  }

  #phases = (phase: string, only?: string): object =>
    Object.fromEntries(['pd', 'tikv', 'tidb'].map((component) => [component, { phase: only === undefined || only === component ? phase : 'Normal' }]));

  fact(second: number, kind: string, cluster?: Cluster, more: object = {}): this {
    const where = cluster === undefined ? {} : { kubernetesCluster: cluster, namespace: 'shop', tidbCluster: `shop-${cluster}` };
    this.#events.push({ second, line: { time: iso(second), kind, ...(kind.startsWith('fault') ? {} : { database: 'shop' }), ...where, ...more } });
    return this;
  }

  /** Stores are numbered 10 and 11 in east, 20 and 21 in west, 30 and 31 in south. */
  storeFact(second: number, kind: string, name: StoreName, more: object = {}): this {
    const [cluster, ordinal] = name.split('-') as [Cluster, string];
    const store = 10 * (clusters.indexOf(cluster) + 1) + Number(ordinal);
    return this.fact(second, kind, cluster, { pod: `shop-${cluster}-tikv-${ordinal}`, store, engine: 'tikv', ...more });
  }

  /** A PD member is down for a while. */
  memberDown(from: number, until: number, cluster: Cluster, alive = 2): this {
    const member = { pod: `shop-${cluster}-pd-0`, member: `${cluster}-pd-0`, members: 3 };
    return this.fact(from, 'member-down', cluster, { ...member, alive }).fact(until, 'member-up', cluster, { ...member, alive: alive + 1 });
  }

  /** A store's process is away for a while. */
  storeAway(from: number, until: number, name: StoreName): this {
    return this.storeFact(from, 'store-away', name).storeFact(until, 'store-back', name);
  }

  /** PD calls a store something else than Up for a while. */
  storeNotUp(from: number, until: number, name: StoreName, state = 'Disconnected'): this {
    return this.storeFact(from, 'store-state', name, { from: 'Up', to: state, up: 5 }).storeFact(until, 'store-state', name, { from: state, to: 'Up', up: 6 });
  }

  fault(from: number, until: number | undefined, kind: string, scope: object): this {
    const id = ++this.#lastId;
    this.fact(from, 'fault-on', undefined, { fault: kind, id, ...scope });
    return until === undefined ? this : this.fact(until, 'fault-off', undefined, { fault: kind, id, ...scope });
  }

  /** One request to an API server; by the product, on its TidbCluster, unless said otherwise. */
  request(second: number, cluster: Cluster, request: Request): this {
    const { verb = 'patch', user = productUser, userAgent = user === productUser ? 'tidb-runbooks/0.1.0' : '', code = 200, body, resource = 'tidbclusters', subresource, namespace = 'shop', name = `shop-${cluster}`, uri = '/x', takes = 0.01 } = request;
    const line = {
      kind: 'Event', apiVersion: 'audit.k8s.io/v1', level: 'Request', auditID: String(++this.#lastId), stage: 'ResponseComplete', requestURI: uri, verb, user: { username: user }, userAgent,
      objectRef: { resource, namespace, name, ...(subresource === undefined ? {} : { subresource }) }, responseStatus: { code }, ...(body === undefined ? {} : { requestObject: body }),
      requestReceivedTimestamp: iso(second).replace('Z', '000Z'), stageTimestamp: iso(second + takes).replace('Z', '000Z'),
    };
    this.#audits.get(cluster)?.push({ second: second + takes, line });
    return this;
  }

  /** The product's merge patch of its TidbCluster. */
  patch(second: number, cluster: Cluster, body: object, request: Request = {}): this {
    return this.request(second, cluster, { body, ...request });
  }

  phase(second: number, cluster: Cluster, component: string, phase: string): this {
    return this.status(second, cluster, this.#phases(phase, component));
  }

  /** The operator writes the whole object; its spec is of no interest here, so it repeats nothing but the status. */
  status(second: number, cluster: Cluster, status: object): this {
    return this.request(second, cluster, { verb: 'patch', ...operator, body: { status } });
  }

  /** Asks a component for the new version at `second`; it is whole again 4 seconds later. */
  roll(second: number, cluster: Cluster, component: string, request: Request = {}): this {
    this.patch(second, cluster, { spec: { [component]: { version: 'v8.5.4' } }, metadata: { resourceVersion: '7' } }, request);
    return this.rollPods(second, cluster, component);
  }

  rollPods(second: number, cluster: Cluster, component: string): this {
    const pod = `shop-${cluster}-${component}-0`;
    this.fact(second + 0.1, 'component-rolling', cluster, { component, revision: 'new', replicas: 1 });
    this.phase(second + 0.2, cluster, component, 'Upgrade');
    this.fact(second + 0.5, 'pod-deleted', cluster, { component, pod }).fact(second + 1, 'pod-gone', cluster, { component, pod }).fact(second + 1.1, 'pod-created', cluster, { component, pod });
    if (component === 'pd') this.memberDown(second + 0.5, second + 4, cluster);
    if (component === 'tikv') this.storeAway(second + 0.5, second + 2, `${cluster}-0`).storeAway(second + 2.5, second + 4, `${cluster}-1`);
    this.fact(second + 3, 'pod-ready', cluster, { component, pod }).fact(second + 3.1, 'component-settled', cluster, { component, revision: 'new', replicas: 1 });
    return this.phase(second + 3.8, cluster, component, 'Normal');
  }

  settle(second: number, cluster: Cluster): this {
    return this.patch(second, cluster, { spec: { version: 'v8.5.4', pd: { version: null }, tikv: { version: null }, tidb: { version: null } }, metadata: { annotations: { 'tidb-runbooks.io/revisions-before-settling': '{}' } } });
  }

  /** Everything as it should be: seconds 10 to 94 in steps of 10, then settling from second 100. */
  wholeUpgrade(): this {
    this.request(5, 'east', { verb: 'create', resource: 'leases', name: 'tidb-runbooks-shop', code: 201, body: { kind: 'Lease' } });
    const steps = ['pd', 'tikv', 'tidb'].flatMap((component) => clusters.map((cluster) => ({ component, cluster })));
    steps.forEach(({ component, cluster }, index) => this.roll(10 + 10 * index, cluster, component));
    clusters.forEach((cluster, index) => this.settle(100 + index, cluster));
    return this.request(110, 'east', { verb: 'delete', resource: 'leases', name: 'tidb-runbooks-shop' });
  }

  /** Writes the logs and says where they are. `tail` is put behind the last line of every file. */
  write(tail = ''): Pick<Case, 'events' | 'auditLogs' | 'tidbClusters'> & { directory: string } {
    const directory = mkdtempSync(join(tmpdir(), 'tidb-runbooks-oracle-'));
    const save = (name: string, lines: { second: number; line: object }[]): string => {
      const file = join(directory, name);
      const sorted = [...lines].sort((a, b) => a.second - b.second);
      writeFileSync(file, `${sorted.map(({ line }) => `${JSON.stringify(line)}\n`).join('')}${tail}`);
      return file;
    };
    const events = save('events.jsonl', this.#events);
    const auditLogs = Object.fromEntries(clusters.map((cluster) => [cluster, save(`${cluster}.log`, this.#audits.get(cluster) ?? [])]));
    return { directory, events, auditLogs, tidbClusters: clusters.map((kubernetesCluster) => ({ kubernetesCluster, namespace: 'shop', name: `shop-${kubernetesCluster}` })) };
  }
}
