/** Reads the full backups of a TidbCluster's namespace (kind Backup of tidb-operator v1.6; apis/pingcap/v1alpha1/types.go). */
import { z } from 'zod';
import { isRunbookError, sentenceOf } from '../../errors.ts';
import type { KubernetesApi } from '../../kubernetes/api.ts';
import { resources } from '../../kubernetes/resources.ts';
import type { BackupView } from '../../tidb/view.ts';

const backupSchema = z.looseObject({
  metadata: z.looseObject({ name: z.string(), namespace: z.string().default('') }),
  spec: z
    .looseObject({
      backupMode: z.string().default('snapshot'),
      backupType: z.string().default('full'),
      br: z.looseObject({ cluster: z.string().default(''), clusterNamespace: z.string().default('') }).nullish(),
    })
    .default({ backupMode: 'snapshot', backupType: 'full' }),
  status: z
    .looseObject({
      commitTs: z.string().default(''),
      timeCompleted: z.string().nullish(),
      conditions: z.array(z.looseObject({ type: z.string(), status: z.string() })).nullish(),
    })
    .nullish(),
});

type Backup = z.infer<typeof backupSchema>;

/** Log backups and those of single tables restore nothing alone. */
const wholeModes = ['', 'snapshot', 'volume-snapshot'];
const wholeTypes = ['', 'full'];

/** A text says why they cannot be read: the right is granted apart. */
export async function readBackups(api: KubernetesApi, namespace: string, signal?: AbortSignal): Promise<BackupView[] | string> {
  try {
    const { items } = await api.list({ ...resources.backup, namespace }, signal ? { signal } : {});
    return items.flatMap((item) => backupView(backupSchema.safeParse(item).data));
  } catch (error) {
    if (isRunbookError(error, 'NotFound')) return [];
    if (isRunbookError(error, 'Forbidden')) return sentenceOf(error);
    throw error;
  }
}

function completedAt(status: Backup['status']): number | undefined {
  const isComplete = status?.conditions?.some((condition) => condition.type === 'Complete' && condition.status === 'True') ?? false;
  const atMs = Date.parse(status?.timeCompleted ?? '');
  return isComplete && !Number.isNaN(atMs) ? atMs : undefined;
}

function backupView(backup: Backup | undefined): BackupView[] {
  if (!backup || !wholeModes.includes(backup.spec.backupMode) || !wholeTypes.includes(backup.spec.backupType)) return [];
  const { metadata, spec, status } = backup;
  return [
    {
      name: metadata.name,
      namespace: metadata.namespace,
      of: `${spec.br?.clusterNamespace || metadata.namespace}/${spec.br?.cluster ?? ''}`,
      completedAtMs: completedAt(status),
      commitTs: status?.commitTs ?? '',
    },
  ];
}
