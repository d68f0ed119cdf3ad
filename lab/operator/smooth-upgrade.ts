/** DDL is paused while TiDB is upgraded between versions that support it (`M/smooth_upgrade.go:release-1.6`, v1.6.6 only). */
import { atLeast, tagOf } from '../database/versions.ts';
import type { StatefulSet } from '../process/kubernetes-objects.ts';
import { annotations } from './naming.ts';
import { serversOf } from './status.ts';
import { desiredReplicas } from './tidb-cluster.ts';
import { lastApplied } from './upgrading.ts';
import { componentStatus, EndOfPass, isoTime } from './view.ts';
import type { PassView, Rolling } from './view.ts';

const imageIn = (containers: { name: string; image: string }[]): string => containers.find((container) => container.name === 'tidb')?.image ?? '';

/** Tags of the template that was applied last and of the one that is wanted. */
const versionsOf = ({ wanted, old }: Rolling): { from: string; to: string } => ({
  from: tagOf(imageIn(lastApplied(old).template.spec.containers)),
  to: tagOf(imageIn(wanted.template.spec.containers)),
});

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

/** Without a healthy local TiDB the pass ends here: a TiDB that cannot start is then not replaced by one that can. */
function requireSpeaker(view: PassView): string {
  const pod = speaker(view);
  if (pod === undefined) throw new EndOfPass('TiDB upgrade: no healthy TiDB pod for smooth upgrade');
  return pod;
}

function isPausedFor(view: PassView, from: string, to: string): boolean {
  const known = view.cluster.metadata.annotations ?? {};
  return isPaused(view) && known[annotations.ddlSource] === from && known[annotations.ddlTarget] === to;
}

/** With the pass that writes the new template. A pause for another target is finished first. */
export function pauseDdl(rolling: Rolling): void {
  const { view } = rolling;
  const { from, to } = versionsOf(rolling);
  if (from === to || isPausedFor(view, from, to)) return;
  if (isPaused(view)) {
    finish(view, requireSpeaker(view));
    throw new EndOfPass('TiDB upgrade: the pause of DDL for an earlier target was finished');
  }
  if (!isSwitchControlled(from, to)) return;
  const pod = requireSpeaker(view);
  view.act({ do: 'pause-ddl', paused: true, pod });
  view.act({
    do: 'annotate-cluster',
    annotations: { [annotations.ddlPaused]: 'true', [annotations.ddlSource]: from, [annotations.ddlTarget]: to, [annotations.ddlStarted]: isoTime(view) },
  });
}

/** After the local TiDB pods are all new and healthy, whatever the other TidbClusters still run. */
export function resumeDdl(view: PassView, set: StatefulSet): void {
  const pod = speaker(view);
  const members = Object.values(serversOf(view.status.tidb));
  const isWhole = members.length === desiredReplicas(view.cluster, 'tidb') && members.every((member) => member.health);
  const isDone = componentStatus(view, 'tidb').phase === 'Normal' && set.status.updatedReplicas === set.status.replicas && isWhole;
  if (isPaused(view) && pod !== undefined && isDone) finish(view, pod);
}

function finish(view: PassView, pod: string): void {
  view.act({ do: 'pause-ddl', paused: false, pod });
  view.act({
    do: 'annotate-cluster',
    annotations: { [annotations.ddlPaused]: null, [annotations.ddlSource]: null, [annotations.ddlTarget]: null, [annotations.ddlStarted]: null },
  });
}
