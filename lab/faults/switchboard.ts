/** Which faults are on now, asked by the twins at every turn. */
import type { Disturbances, Origin } from '../database/model.ts';
import type { RecordFact } from '../event-log.ts';
import type { Pod } from '../process/kubernetes-objects.ts';
import type { PodFaults } from '../node/pod-life.ts';
import { componentOf, tidbClusterOf } from '../node/container-inputs.ts';
import { meets } from './fault.ts';
import type { Fault, FaultKind, Scope } from './fault.ts';

export type ActiveFault = Fault & { id: number };

/** Faults that are not asked for but done: the lab switches something. */
export type Switch = (fault: Fault, on: boolean) => Promise<void> | void;

export class Switchboard {
  readonly #active = new Map<number, Fault>();
  readonly #record: RecordFact;
  readonly #switch: Switch;
  #lastId = 0;

  constructor(record: RecordFact, switchIt: Switch) {
    this.#record = record;
    this.#switch = switchIt;
  }

  /** Resolves when the fault is in force; rejects, and it is not on, when it cannot be. */
  async turnOn(fault: Fault): Promise<ActiveFault> {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#active.set(id, fault);
    // Before it is in force: what it takes away must not seem to have gone by itself.
    this.#write('fault-on', id, fault);
    try {
      await this.#switch(fault, true);
    } catch (error) {
      this.#active.delete(id);
      this.#write('fault-off', id, fault);
      throw error;
    }
    return { id, ...fault };
  }

  /** False when there is no such fault. */
  async turnOff(id: number): Promise<boolean> {
    const fault = this.#active.get(id);
    if (!fault) return false;
    this.#active.delete(id);
    await this.#switch(fault, false);
    this.#write('fault-off', id, fault);
    return true;
  }

  list(): ActiveFault[] {
    return [...this.#active].map(([id, fault]) => ({ id, ...fault }));
  }

  /** The faults of a kind that meet the target. */
  of<Kind extends FaultKind>(kind: Kind, target: Scope): Extract<Fault, { kind: Kind }>[] {
    return [...this.#active.values()].filter((fault): fault is Extract<Fault, { kind: Kind }> => fault.kind === kind && meets(fault, target));
  }

  isOn(kind: FaultKind): boolean {
    return [...this.#active.values()].some((fault) => fault.kind === kind);
  }

  #write(kind: string, id: number, fault: Fault): void {
    const { kind: name, scope, ...more } = fault;
    this.#record({ kind, fault: name, id, ...scope, ...more });
  }
}

export function podFaults(switchboard: Switchboard, kubernetesCluster: string, databaseOf: (pod: Pod) => string): PodFaults {
  const target = (pod: Pod): Scope => ({
    kubernetesCluster, database: databaseOf(pod), namespace: pod.metadata.namespace, tidbCluster: tidbClusterOf(pod), component: componentOf(pod), pod: pod.metadata.name,
  });
  // Asked many times a second: only a fault that is on is worth finding out whose pod this is.
  const faults = <Kind extends FaultKind>(kind: Kind, pod: Pod): Extract<Fault, { kind: Kind }>[] => (switchboard.isOn(kind) ? switchboard.of(kind, target(pod)) : []);
  return {
    isUnschedulable: (pod) => faults('pod-pending', pod).length > 0,
    isCrashing: (pod) => faults('pod-crashing', pod).length > 0 || (isDiscovery(pod) && faults('discovery-gone', pod).length > 0),
    isDiscoveryGone: (pod) => faults('discovery-gone', pod).length > 0,
    isUnresolvable: (pod, name) => faults('name-unresolvable', pod).some((fault) => new RegExp(fault.name).test(name)),
    isImageRefused: (pod) => faults('image-not-pullable', pod).some(({ image }) => pod.spec.containers.some((container) => new RegExp(image).test(container.image))),
  };
}

const isDiscovery = (pod: Pod): boolean => pod.metadata.labels?.['app.kubernetes.io/component'] === 'discovery';

type Refuses = (cluster: { namespace: string; name: string }, component: string) => boolean;

/** Whether the operator of a Kubernetes cluster refuses to scale in a component of a TidbCluster. */
export const refusals = (switchboard: Switchboard, kubernetesCluster: string, databaseOf: (namespace: string, name: string) => string): Refuses =>
  ({ namespace, name }, component) =>
    switchboard.isOn('operator-refuses') &&
    switchboard.of('operator-refuses', { kubernetesCluster, database: databaseOf(namespace, name), namespace, tidbCluster: name, component }).length > 0;

export function databaseFaults(switchboard: Switchboard, database: string): Disturbances {
  const target = ({ kubernetesCluster, namespace, tidbCluster, pod }: Origin): Scope => ({ database, kubernetesCluster, namespace, tidbCluster, pod });
  const isOn = (kind: FaultKind, origin: Origin): boolean => switchboard.of(kind, target(origin)).length > 0;
  const shortage = (): Extract<Fault, { kind: 'region-shortage' }>[] => switchboard.of('region-shortage', { database });
  return {
    gatewayOff: () => switchboard.of('grpc-gateway-off', { database }).length > 0,
    leaderLost: () => switchboard.of('pd-leader-lost', { database }).length > 0,
    memberUnhealthy: ({ origin }) => isOn('pd-member-unhealthy', origin),
    storeFault: ({ origin }) => (isOn('store-down', origin) ? 'down' : isOn('store-disconnected', origin) ? 'silent' : undefined),
    leadersFrozen: ({ origin }) => isOn('leaders-frozen', origin),
    neverDrains: ({ origin }) => isOn('store-never-drains', origin),
    movedUrlUnresolvable: ({ origin }) => isOn('member-url-unresolvable', origin),
    callHeld: ({ origin }, call) => switchboard.of('pd-call-held', target(origin)).find((fault) => new RegExp(fault.call).test(call))?.moment,
    foreignEviction: ({ origin }) => isOn('foreign-eviction', origin),
    extraMissing: () => shortage().reduce((sum, fault) => sum + fault.missing, 0),
    extraPending: () => shortage().reduce((sum, fault) => sum + fault.pending, 0),
  };
}
