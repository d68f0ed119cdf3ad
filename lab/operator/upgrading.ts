/** The partition-wise rolling upgrade that all of the operator's upgraders share (`M/*_upgrader.go:release-1.6`). */
import { isConditionTrue } from '../process/kubernetes-objects.ts';
import type { Pod, StatefulSet, StatefulSetSpec } from '../process/kubernetes-objects.ts';
import { annotations, podLabels, podName } from './naming.ts';
import type { Phase } from './status.ts';
import { componentStatus, EndOfPass, podOf } from './view.ts';
import type { PassView, Rolling } from './view.ts';
import type { Component } from '../settings.ts';
import { desiredReplicas } from './tidb-cluster.ts';

const revisionOf = (pod: Pod): string | undefined => pod.metadata.labels?.[podLabels.revision];

/** Two revisions, a change that the StatefulSet controller has not seen, or a pod of another revision (`U/statefulset.go:release-1.6`). */
export function isUpgrading(set: StatefulSet, pods: Pod[]): boolean {
  const { status, metadata, spec } = set;
  if (status.currentRevision !== status.updateRevision) return true;
  if (metadata.generation > (status.observedGeneration ?? 0) && spec.replicas === status.replicas) return true;
  return pods.some((pod) => revisionOf(pod) !== undefined && revisionOf(pod) !== status.updateRevision);
}

/** The phase that a status sync finds, before any upgrader has spoken. */
export function phaseOf(view: PassView, component: Component, set: StatefulSet, mayUpgrade = true): Phase {
  if (desiredReplicas(view.cluster, component) !== set.spec.replicas) return 'Scale';
  return mayUpgrade && isUpgrading(set, view.pods(component)) ? 'Upgrade' : 'Normal';
}

export const isBusy = (view: PassView, component: Component, phases: Phase[] = ['Upgrade', 'Scale']): boolean => {
  const { phase } = componentStatus(view, component);
  return phase !== undefined && phases.includes(phase);
};

/** The spec that the operator applied last, from the StatefulSet's annotation. */
export function lastApplied(set: StatefulSet): StatefulSetSpec {
  const text = set.metadata.annotations?.[annotations.lastApplied];
  return text === undefined ? set.spec : (JSON.parse(text) as StatefulSetSpec);
}

export const isTemplateEqual = ({ wanted, old }: Rolling): boolean => JSON.stringify(wanted.template) === JSON.stringify(lastApplied(old).template);

/** A blocked upgrade leaves no trace: the old template is written again, without event or error. */
export function keepOldTemplate(rolling: Rolling): void {
  rolling.wanted.template = lastApplied(rolling.old).template;
}

export const setPartition = (spec: StatefulSetSpec, partition: number): void => {
  spec.updateStrategy = { type: 'RollingUpdate', rollingUpdate: { partition } };
};
const partitionOf = (set: StatefulSet): number => set.spec.updateStrategy.rollingUpdate?.partition ?? 0;

export interface RollRules {
  /** Ends the pass while the restarted pod is not wholly back. */
  awaitBack(pod: Pod): void;
  /** True when the pod may be restarted now; ends the pass, or says false, when it has to wait. */
  mayRestart(pod: Pod): boolean;
}

/**
 * One step of a roll from the highest ordinal down. The first pass only writes the new template with the partition at rest;
 * later passes lower the partition one pod at a time.
 */
export function roll(rolling: Rolling, rules: RollRules): void {
  const { view, component, old, wanted } = rolling;
  componentStatus(view, component).phase = 'Upgrade';
  if (!isTemplateEqual(rolling)) return;
  if (old.status.updateRevision === old.status.currentRevision) return;
  setPartition(wanted, partitionOf(old));
  for (let ordinal = old.spec.replicas - 1; ordinal >= 0; ordinal -= 1) {
    const name = podName(view.cluster, component, ordinal);
    const pod = podOf(view, component, name);
    if (!pod) throw new EndOfPass(`${component} upgrade: pod ${name} does not exist yet`);
    if (revisionOf(pod) !== old.status.updateRevision) {
      if (rules.mayRestart(pod)) setPartition(wanted, ordinal);
      return;
    }
    if (!isConditionTrue(pod.status.conditions, 'Ready')) throw new EndOfPass(`${component} upgrade: upgraded pod ${name} is not ready`);
    rules.awaitBack(pod);
  }
}

/** Upgraded pods need only be Ready, and any pod may be restarted. */
export const plainRules: RollRules = { awaitBack: () => undefined, mayRestart: () => true };
