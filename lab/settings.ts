/** The speeds of the lab's twins: how long a pod takes to start, how often a store heartbeats, how fast leaders move. */

/** The components in the order of one reconcile pass of tidb-operator (`tidb_cluster_control.go:release-1.6`). */
export const components = ['tso', 'scheduling', 'pd', 'tiproxy', 'tiflash', 'tikv', 'pump', 'tidb', 'ticdc'] as const;
export type Component = (typeof components)[number];

/** All times are milliseconds, all rates are per second. */
export interface Speeds {
  /** The operator looks at every TidbCluster this often even when nothing changes (the real default is 30 s). */
  operatorResync: number;
  /** A pass that ended in an error ("still waiting") is repeated after this time. */
  operatorRetry: number;
  /** A pass starts this long after the change that asks for it: neighbouring changes share one pass. */
  operatorDelay: number;
  /** How long the operator waits for leaders to come back to a restarted store; the real default is 400 s. */
  leadersBack: number;
  /** Pod created → bound to the node. */
  podSchedule: number;
  /** Pod bound → image there, container started. */
  imagePull: number;
  /** Container started → the component serves (for PD and TiKV the pod is Ready long before that: they have no probe). */
  podStart: Record<Component, number>;
  /** Deletion asked → container gone. */
  podStop: Record<Component, number>;
  /** The share of a readiness probe's initial delay that a pod waits: 1 as a kubelet does, 0 not at all. */
  probeDelay: number;
  /** Wait between two tries of a container that crashes, or of an image that cannot be pulled. */
  restartBackoff: number;
  /** Store → PD heartbeat; the real one is 10 s. */
  storeHeartbeat: number;
  /** Without a heartbeat for so long PD calls a store Disconnected (real: 20 s). Must exceed two heartbeats. */
  storeDisconnected: number;
  /** Without a heartbeat for so long PD calls a store Down (real: 30 min). Must exceed `storeDisconnected`. */
  storeDown: number;
  /** An Offline store becomes Tombstone at the earliest after this time. */
  storeOffline: number;
  /** PD leader lost → a new one is elected. */
  pdElection: number;
  /** Region leader lost → another peer leads. */
  regionElection: number;
  /** Leaders that one store gives away per second while evict-leader is set. */
  leaderMoves: number;
  /** Peers that PD adds or removes per second in one database. */
  peerMoves: number;
  /** A peer whose store is away counts as pending after this time, and as down after the second. */
  peerPending: number;
  peerDown: number;
  /** A new or returning peer is pending for this long. */
  peerCatchUp: number;
  /** Regions per database. */
  regions: number;
  /** The database model moves on this often. */
  tick: number;
}

const everyComponent = (usual: number, others: Partial<Record<Component, number>> = {}): Record<Component, number> =>
  Object.fromEntries(components.map((component) => [component, others[component] ?? usual])) as Record<Component, number>;

/** A full rolling upgrade of the demo cluster takes some 75 seconds of the twins' own time: slow enough to be watched, and still quicker than real pods. */
const demo: Speeds = {
  operatorResync: 1_000,
  operatorRetry: 250,
  operatorDelay: 40,
  leadersBack: 4_000,
  podSchedule: 100,
  imagePull: 300,
  podStart: everyComponent(2_500, { pd: 3_000, tidb: 3_000 }),
  podStop: everyComponent(500, { tidb: 1_500, tikv: 700 }),
  probeDelay: 0,
  restartBackoff: 2_000,
  storeHeartbeat: 1_000,
  storeDisconnected: 3_000,
  storeDown: 60_000,
  storeOffline: 2_000,
  pdElection: 800,
  regionElection: 1_000,
  leaderMoves: 20,
  peerMoves: 20,
  peerPending: 300,
  peerDown: 10_000,
  peerCatchUp: 500,
  regions: 60,
  tick: 100,
};

/** For tests: one pod rolls within about a second; the order of all things is the same. */
const fast: Speeds = {
  operatorResync: 1_000,
  operatorRetry: 100,
  operatorDelay: 20,
  leadersBack: 1_000,
  podSchedule: 10,
  imagePull: 40,
  podStart: everyComponent(150, { pd: 300, tikv: 250, tidb: 250 }),
  podStop: everyComponent(100, { tidb: 200 }),
  probeDelay: 0,
  restartBackoff: 400,
  storeHeartbeat: 300,
  storeDisconnected: 1_000,
  storeDown: 20_000,
  storeOffline: 500,
  pdElection: 200,
  regionElection: 200,
  leaderMoves: 100,
  peerMoves: 100,
  peerPending: 100,
  peerDown: 3_000,
  peerCatchUp: 100,
  regions: 30,
  tick: 50,
};

/**
 * For the real operator, which has its own pace: quick pods and stores, so that a run shows what the operator waits for.
 * PD's elections are those of the etcds (about a second).
 */
const real: Speeds = {
  ...demo,
  operatorResync: 5_000,
  podSchedule: 50,
  imagePull: 200,
  podStart: everyComponent(500, { pd: 1_000, tikv: 800, tidb: 800 }),
  podStop: everyComponent(500, { tidb: 1_000 }),
  probeDelay: 1,
};

export const presets = { demo, fast, real } as const;
export type Preset = keyof typeof presets;
