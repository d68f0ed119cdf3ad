/** Reads the pods of ours that look up names, with the end of the log of those that have ended. The newest comes last. */
import { isRunbookError } from '../../errors.ts';
import type { KubernetesApi } from '../../kubernetes/api.ts';
import { resources } from '../../kubernetes/resources.ts';
import { podSchema } from '../../tidb/objects.ts';
import type { Pod } from '../../tidb/objects.ts';
import { PROBE_CONTAINER, probeAnnotation, probeLabel } from '../../tidb/migration/probe.ts';
import type { ProbeView } from '../../tidb/view.ts';

/** nslookup prints about six lines a name. */
const LOG_LINES = 200;

interface Where {
  /** Inventory name of the TiDB cluster. */
  cluster: string;
  namespace: string;
}

/** One that is being deleted says nothing any more. */
export async function readProbes(api: KubernetesApi, { cluster, namespace }: Where, signal?: AbortSignal): Promise<ProbeView[]> {
  const { items } = await api.list({ ...resources.pod, namespace }, { labelSelector: `${probeLabel}=${cluster}`, ...(signal ? { signal } : {}) });
  const pods = items.map((item) => podSchema.parse(item)).filter((pod) => !pod.metadata.deletionTimestamp);
  return Promise.all(pods.sort(byBirth).map((pod) => probeView(api, pod, signal)));
}

function byBirth(a: Pod, b: Pod): number {
  return (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '') || Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion);
}

async function probeView(api: KubernetesApi, pod: Pod, signal?: AbortSignal): Promise<ProbeView> {
  const { name, namespace, uid, annotations } = pod.metadata;
  const state = pod.status.containerStatuses.find((container) => container.name === PROBE_CONTAINER)?.state;
  // A pod that was ended by its deadline may have no container status.
  const exitCode = state?.terminated?.exitCode ?? (pod.status.phase === 'Failed' ? -1 : undefined);
  const options = { container: PROBE_CONTAINER, tailLines: LOG_LINES, ...(signal ? { signal } : {}) };
  const lines = exitCode === undefined ? [] : await api.log({ ...resources.pod, namespace, name }, options).catch(noLog);
  return { name, uid, of: annotations[probeAnnotation] ?? '', phase: pod.status.phase, exitCode, lines, waiting: state?.waiting ? `${state.waiting.reason}: ${state.waiting.message}` : '' };
}

function noLog(error: unknown): string[] {
  if (isRunbookError(error, 'NotFound') || isRunbookError(error, 'InvalidInput')) return [];
  throw error;
}
