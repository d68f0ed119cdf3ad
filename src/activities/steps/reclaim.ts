/**
 * Kind `reclaim`: deletes what a deleted TidbCluster has left and the input asked for, by the names and uids of the plan. What appeared later is
 * reported and left alone. Of a volume to be deleted the policy becomes `Delete` before its claim goes: afterwards it would be kept (§3.11).
 */
import { z } from 'zod';
import { resources } from '../../kubernetes/resources.ts';
import type { Resource } from '../../kubernetes/resources.ts';
import type { Reason } from '../../protocol/outcome.ts';
import type { PlannedStep } from '../../protocol/plan.ts';
import { lastingPlaceSchema } from '../../protocol/place.ts';
import type { Place } from '../../protocol/place.ts';
import { passing, standing } from '../../tidb/guards/guard.ts';
import type { Guard } from '../../tidb/guards/guard.ts';
import { databaseIsWhole } from '../../tidb/guards/index.ts';
import { noUnknownParts } from '../../tidb/guards/tidb-clusters.ts';
import type { Leftover, Remains } from '../../tidb/view.ts';
import type { Scene, StepKind, Write } from './step-kind.ts';

const kinds = { claims: resources.persistentVolumeClaim, secrets: resources.secret, monitors: resources.tidbMonitor } as const satisfies Record<string, Resource>;
type Kind = keyof typeof kinds;

const leftover = z.object({ name: z.string(), uid: z.string() });
const inputSchema = z.object({ what: z.enum(['claims', 'secrets', 'monitors']), place: lastingPlaceSchema, objects: z.array(leftover), volumes: z.array(leftover) });
type Input = z.infer<typeof inputSchema>;

/** As long as the TidbCluster is there its operator would make claims again, and it uses its Secrets. */
const tidbClusterIsGone: Guard = ({ remains }) => (remains && !remains.object ? [] : [standing('reclaim/still-there', 'the TidbCluster is still there: nothing of it is reclaimed')]);

export function reclaim(step: PlannedStep): StepKind {
  const input = inputSchema.parse(step.input);
  return {
    rolls: undefined,
    deletes: true,
    // An unknown part may live on what is to go: somebody brought the TidbCluster back and took its object away.
    guards: [...databaseIsWhole, noUnknownParts, tidbClusterIsGone],
    standing: [],
    more: { remainsOf: input.place, notThroughPdOf: step.kubernetesCluster, volumes: input.volumes.map(({ name }) => name) },
    change: ({ view }) => (view.remains ? writesFor(view.remains, input) : []),
    missing: ({ view }) => (view.remains ? leftOf(view.remains, input) : ['what is left is unknown']),
    almostDone: () => false,
    explainStall: (scene) => whyLeft(scene, input),
    proof: ({ view }) => ({ deleted: [...input.objects, ...input.volumes].map(({ name }) => name), keptSince: view.remains?.[input.what].map(({ name }) => name) ?? [] }),
  };
}

const among = (list: Leftover[], planned: Leftover[]): Leftover[] => list.filter(({ uid }) => planned.some((each) => each.uid === uid));

function writesFor(remains: Remains, { what, place, objects, volumes }: Input): Write[] {
  const retained = remains.volumes.filter(({ reclaimPolicy }) => reclaimPolicy !== 'Delete');
  return [
    ...among(retained, volumes).map(({ name, uid }): Write => ({ write: 'patch-object', kubernetesCluster: place.kubernetesCluster, object: { ...resources.persistentVolume, name, uid }, patch: { spec: { persistentVolumeReclaimPolicy: 'Delete' } } })),
    ...among(remains[what], objects).map(({ name, uid }): Write => ({ write: 'delete-object', kubernetesCluster: place.kubernetesCluster, object: { ...namedIn(place, what), name, uid } })),
  ];
}

function namedIn({ namespace }: Place, what: Kind): Resource & { namespace: string } {
  return { ...kinds[what], namespace };
}

function leftOf(remains: Remains, { what, objects, volumes }: Input): string[] {
  const left = among(remains[what], objects).map(({ name }) => name);
  const keptVolumes = among(remains.volumes, volumes).map(({ name }) => name);
  return [...(left.length > 0 ? [`${left.length} ${kinds[what].plural} are left: ${left.join(', ')}`] : []), ...(keptVolumes.length > 0 ? [`${keptVolumes.length} volumes are left: ${keptVolumes.join(', ')}`] : [])];
}

/** A volume that Kubernetes cannot delete says so by its phase; a claim waits for the pod that uses it. */
function whyLeft({ view: { remains } }: Scene, input: Input): Reason[] {
  const failed = (remains?.volumes ?? []).filter(({ uid, phase }) => phase === 'Failed' && input.volumes.some((each) => each.uid === uid));
  if (failed.length > 0) return failed.map(({ name }) => passing(`no-progress/volume/${name}`, `Kubernetes could not delete volume ${name} (phase Failed): its storage has no deleter here, so delete the storage and the PersistentVolume by hand`));
  return [passing(`no-progress/reclaim/${input.what}`, `no progress: ${remains ? leftOf(remains, input).join('; ') : 'what is left is unknown'}; look at finalizers, and for pods that use a claim`)];
}
