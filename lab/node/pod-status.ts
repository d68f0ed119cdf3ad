/** The status that a kubelet writes for a pod at each stage of its life. Pure. */
import type { Condition, ContainerStatus, Pod } from '../process/kubernetes-objects.ts';

export type Stage =
  | { is: 'unschedulable' }
  | { is: 'waiting'; reason: 'ContainerCreating' | 'ErrImagePull' | 'ImagePullBackOff'; message?: string }
  | { is: 'crashed'; message: string; restarts: number }
  | { is: 'ended'; exitCode: number }
  | { is: 'running'; ready: boolean; restarts: number; startedAt: string };

export interface Place {
  address: string | undefined;
  now: string;
}

const hostAddress = '127.0.0.1';
const crashExitCode = 1;

export function podStatus(pod: Pod, stage: Stage, place: Place): object {
  return {
    phase: phaseOf(stage),
    ...(stage.is === 'unschedulable' ? {} : { hostIP: hostAddress, startTime: pod.metadata.creationTimestamp }),
    ...(place.address === undefined ? {} : { podIP: place.address, podIPs: [{ ip: place.address }] }),
    conditions: conditionsOf(pod, stage, place.now),
    containerStatuses: stage.is === 'unschedulable' ? [] : pod.spec.containers.map(({ name, image }) => containerStatus({ name, image, uid: pod.metadata.uid }, stage)),
  };
}

function phaseOf(stage: Stage): string {
  if (stage.is === 'ended') return stage.exitCode === 0 ? 'Succeeded' : 'Failed';
  return stage.is === 'running' || stage.is === 'crashed' ? 'Running' : 'Pending';
}

/** Keeps the time of a condition that did not change. */
function conditionsOf(pod: Pod, stage: Stage, now: string): Condition[] {
  const ready = stage.is === 'running' && stage.ready ? 'True' : 'False';
  const scheduled = stage.is === 'unschedulable' ? 'False' : 'True';
  const wanted: Condition[] = [
    { type: 'PodScheduled', status: scheduled, ...(scheduled === 'False' ? { reason: 'Unschedulable', message: '0/1 nodes are available: 1 Insufficient cpu.' } : {}) },
    ...(scheduled === 'False' ? [] : [{ type: 'Initialized', status: 'True' } as const, notReadyUnless('ContainersReady', ready), notReadyUnless('Ready', ready)]),
  ];
  return wanted.map((condition) => {
    const known = pod.status.conditions?.find((one) => one.type === condition.type && one.status === condition.status);
    return { ...condition, lastTransitionTime: known?.lastTransitionTime ?? now };
  });
}

const notReadyUnless = (type: string, status: 'True' | 'False'): Condition => ({ type, status, ...(status === 'False' ? { reason: 'ContainersNotReady' } : {}) });

interface ContainerName {
  name: string;
  image: string;
  uid: string;
}

function containerStatus({ name, image, uid }: ContainerName, stage: Exclude<Stage, { is: 'unschedulable' }>): ContainerStatus {
  const isUp = stage.is === 'running';
  return {
    name, image,
    imageID: stage.is === 'waiting' ? '' : `twin://${image}`,
    ...(stage.is === 'waiting' ? {} : { containerID: `twin://${uid}` }),
    ready: isUp && stage.ready, started: isUp,
    restartCount: 'restarts' in stage ? stage.restarts : 0,
    ...stateOf(stage),
  };
}

function stateOf(stage: Exclude<Stage, { is: 'unschedulable' }>): { state: object; lastState?: object } {
  switch (stage.is) {
    case 'running':
      return { state: { running: { startedAt: stage.startedAt } } };
    case 'waiting':
      return { state: { waiting: { reason: stage.reason, ...(stage.message ? { message: stage.message } : {}) } } };
    case 'ended':
      return { state: { terminated: { exitCode: stage.exitCode, reason: stage.exitCode === 0 ? 'Completed' : 'Error' } } };
    case 'crashed':
      return {
        state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off restarting failed container' } },
        lastState: { terminated: { exitCode: crashExitCode, reason: 'Error', message: stage.message } },
      };
  }
}
