/** The components of a TiDB cluster: where their version stands, what their objects are called, how long they may take. */

/** How a component's version is written in a TidbCluster: `spec.<field>.version`, or an entry of the list `spec.pdms`. */
type Place = { field: string } | { microservice: string };

interface ComponentFacts {
  /** For a person. */
  title: string;
  place: Place;
  /** What the operator's defaulting fills in when `baseImage` is empty (tidb-operator v1.6 defaulting/tidbcluster.go). */
  defaultBaseImage: string;
  /** No progress for this long is a stall. TiKV and TiFlash count moving leaders and regions as progress. */
  stallMs: number;
}

const minutes = 60_000;

export const components = {
  pd: { title: 'PD', place: { field: 'pd' }, defaultBaseImage: 'pingcap/pd', stallMs: 5 * minutes },
  tso: { title: 'PD microservice tso', place: { microservice: 'tso' }, defaultBaseImage: 'pingcap/pd', stallMs: 5 * minutes },
  scheduling: { title: 'PD microservice scheduling', place: { microservice: 'scheduling' }, defaultBaseImage: 'pingcap/pd', stallMs: 5 * minutes },
  tiproxy: { title: 'TiProxy', place: { field: 'tiproxy' }, defaultBaseImage: 'pingcap/tiproxy', stallMs: 5 * minutes },
  tiflash: { title: 'TiFlash', place: { field: 'tiflash' }, defaultBaseImage: 'pingcap/tiflash', stallMs: 10 * minutes },
  tikv: { title: 'TiKV', place: { field: 'tikv' }, defaultBaseImage: 'pingcap/tikv', stallMs: 10 * minutes },
  pump: { title: 'Pump', place: { field: 'pump' }, defaultBaseImage: 'pingcap/tidb-binlog', stallMs: 5 * minutes },
  tidb: { title: 'TiDB', place: { field: 'tidb' }, defaultBaseImage: 'pingcap/tidb', stallMs: 5 * minutes },
  // A graceful drain of the captures may take spec.ticdc.gracefulShutdownTimeout, 10 minutes by default.
  ticdc: { title: 'TiCDC', place: { field: 'ticdc' }, defaultBaseImage: 'pingcap/ticdc', stallMs: 15 * minutes },
} as const satisfies Record<string, ComponentFacts>;

export type Component = keyof typeof components;

export const allComponents = Object.keys(components) as Component[];

export function isMicroservice(component: Component): boolean {
  return 'microservice' in components[component].place;
}

/** `<tidb cluster>-<component>` (tidb-operator v1.6 controller_utils.go). */
export function statefulSetName(tidbCluster: string, component: Component): string {
  return `${tidbCluster}-${component}`;
}

/** The labels that the operator puts on pods and StatefulSets (tidb-operator v1.6 apis/label/label.go). */
export const labels = {
  instance: 'app.kubernetes.io/instance',
  component: 'app.kubernetes.io/component',
  revision: 'controller-revision-hash',
} as const;

/**
 * In which order components are upgraded. Data with a source, not code: documents and tools disagree
 * (§2.2; peers-and-faults fact 11), and a later version may want another row.
 */
export const upgradeOrders = [
  {
    id: 'across-kubernetes-1.6',
    source: 'docs-tidb-operator release-1.6, deploy-tidb-cluster-across-multiple-kubernetes.md',
    order: ['pd', 'tso', 'scheduling', 'tiproxy', 'tiflash', 'tikv', 'pump', 'tidb', 'ticdc'],
  },
] as const satisfies { id: string; source: string; order: Component[] }[];
