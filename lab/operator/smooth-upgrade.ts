/** DDL is paused while TiDB is upgraded between versions that support it (`M/smooth_upgrade.go:release-1.6`, v1.6.6 only). */
import { atLeast, tagOf } from '../database/versions.ts';
import type { Pod } from '../process/kubernetes-objects.ts';
import { annotations } from './naming.ts';
import { serversOf } from './status.ts';
import { lastApplied } from './upgrading.ts';
import { componentStatus, EndOfPass, isoTime } from './view.ts';
import type { PassView, Rolling } from './view.ts';

const imageIn = (containers: { name: string; image: string }[]): string => containers.find((container) => container.name === 'tidb')?.image ?? '';

/** Tags from before and after this change. The annotation of a started pause knows the source when the template no longer does. */
function versionsOf({ view, wanted, old }: Rolling): { from: string; to: string } {
  const from = view.cluster.metadata.annotations?.[annotations.ddlSource] ?? runningVersion(view) ?? tagOf(imageIn(lastApplied(old).template.spec.containers));
  return { from, to: tagOf(imageIn(wanted.template.spec.containers)) };
}

function runningVersion(view: PassView): string | undefined {
  const tags = view.pods('tidb').map((pod) => tagOf(imageIn(pod.spec.containers)));
  return tags.sort((one, other) => (atLeast(one, other) ? 1 : -1))[0];
}

const inOldRange = (version: string): boolean => atLeast(version, 'v7.1.2') && !atLeast(version, 'v7.2.0');

/** Source and target for which the operator itself switches the pause. */
export function isSwitchControlled(from: string, to: string): boolean {
  if (!from.startsWith('v') || !to.startsWith('v') || from === to || !atLeast(to, from)) return false;
  return (inOldRange(from) && inOldRange(to)) || ((inOldRange(from) || atLeast(from, 'v7.4.0')) && atLeast(to, 'v7.4.0'));
}

const isPaused = (view: PassView): boolean => view.cluster.metadata.annotations?.[annotations.ddlPaused] === 'true';

/** The lowest local TiDB that is healthy is asked. */
function speaker(view: PassView): string | undefined {
  return Object.values(serversOf(view.status.tidb)).filter((member) => member.health).map((member) => member.name).sort()[0];
}

/** Before the first TiDB pod restarts. */
export function pauseDdl(rolling: Rolling): void {
  const { view } = rolling;
  const { from, to } = versionsOf(rolling);
  const pod = speaker(view);
  if (isPaused(view) || pod === undefined || !isSwitchControlled(from, to)) return;
  view.act({ do: 'pause-ddl', paused: true, pod });
  view.act({
    do: 'annotate-cluster',
    annotations: { [annotations.ddlPaused]: 'true', [annotations.ddlSource]: from, [annotations.ddlTarget]: to, [annotations.ddlStarted]: isoTime(view) },
  });
  throw new EndOfPass('TiDB upgrade: DDL is being paused');
}

/** After the local TiDB pods are all new and healthy, whatever the other TidbClusters still run. */
export function resumeDdl(view: PassView, pods: Pod[]): void {
  const pod = speaker(view);
  const isDone = componentStatus(view, 'tidb').phase === 'Normal' && pods.length > 0 && Object.values(serversOf(view.status.tidb)).every((member) => member.health);
  if (!isPaused(view) || pod === undefined || !isDone) return;
  view.act({ do: 'pause-ddl', paused: false, pod });
  view.act({
    do: 'annotate-cluster',
    annotations: { [annotations.ddlPaused]: null, [annotations.ddlSource]: null, [annotations.ddlTarget]: null, [annotations.ddlStarted]: null },
  });
}
