/** What the node twin writes as pod status at each stage of a pod's life. */
import { podStatus } from '../../lab/node/pod-status.ts';
import type { Stage } from '../../lab/node/pod-status.ts';
import type { Pod } from '../../lab/process/kubernetes-objects.ts';
import { isRolling } from '../../lab/process/rollout-diary.ts';
import type { StatefulSet } from '../../lab/process/kubernetes-objects.ts';

const pod = {
  metadata: { name: 'a-pd-0', namespace: 'shop', uid: 'u', creationTimestamp: 't0' },
  spec: { containers: [{ name: 'pd', image: 'pingcap/pd:v8.5.3' }] },
  status: { conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: 'before' }] },
} as unknown as Pod;

const at = (stage: Stage): Record<string, unknown> => podStatus(pod, stage, { address: '127.20.0.1', now: 'now' }) as Record<string, unknown>;
const ready = (status: Record<string, unknown>): unknown => (status['conditions'] as { type: string }[]).find(({ type }) => type === 'Ready');

test('an unschedulable pod is Pending with its reason and without a container', () => {
  const status = at({ is: 'unschedulable' });
  expect(status).toMatchObject({ phase: 'Pending', containerStatuses: [], conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] });
});

test('an image that cannot be pulled is a waiting container with the reason', () => {
  const status = at({ is: 'waiting', reason: 'ImagePullBackOff', message: 'Back-off' });
  expect(status).toMatchObject({ phase: 'Pending', containerStatuses: [{ imageID: '', ready: false, state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off' } } }] });
});

test('a crashing container waits in CrashLoopBackOff and shows how it ended', () => {
  const status = at({ is: 'crashed', message: 'fatal', restarts: 3 });
  expect(status).toMatchObject({ containerStatuses: [{ restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: { message: 'fatal' } } }] });
});

test('a running container shows its image and is Ready as its probe says', () => {
  const running = at({ is: 'running', ready: true, restarts: 0, startedAt: 't1' });
  expect(running).toMatchObject({ phase: 'Running', podIP: '127.20.0.1', containerStatuses: [{ image: 'pingcap/pd:v8.5.3', ready: true, state: { running: { startedAt: 't1' } } }] });
  expect(ready(running)).toEqual({ type: 'Ready', status: 'True', lastTransitionTime: 'now' });
});

test('a condition that did not turn keeps its time', () => {
  expect(ready(at({ is: 'running', ready: false, restarts: 0, startedAt: 't1' }))).toMatchObject({ status: 'False', lastTransitionTime: 'before' });
});

test('a StatefulSet rolls while it has two revisions, is settled when complete, and says neither in between', () => {
  const set = (status: object, generation = 1): StatefulSet => ({ metadata: { generation }, spec: { replicas: 2 }, status } as unknown as StatefulSet);
  const whole = { observedGeneration: 1, replicas: 2, readyReplicas: 2, currentRevision: 'a', updateRevision: 'a' };
  expect([isRolling(set({ ...whole, updateRevision: 'b' })), isRolling(set(whole)), isRolling(set(whole, 2)), isRolling(set({ ...whole, readyReplicas: 1 }))]).toEqual([true, false, undefined, undefined]);
});
