/** Versions that do not fit together: a half-done upgrade, a change that was asked for and never came, different operators. */
import type { Finding } from '../../protocol/check.ts';
import { allComponents, components } from '../components.ts';
import type { Component } from '../components.ts';
import { isRolling } from '../rolling.ts';
import { desiredImage, desiredVersion, specOf } from '../spec.ts';
import type { ClusterView, TidbClusterView } from '../view.ts';
import { nameOf } from '../view.ts';

export function versionFindings({ tidbClusters }: ClusterView): Finding[] {
  return [...halfUpgraded(tidbClusters), ...tidbClusters.flatMap(neverRolled), ...differentOperators(tidbClusters)];
}

/** TiProxy has a version line of its own. */
const together = allComponents.filter((component) => component !== 'tiproxy');

function halfUpgraded(tidbClusters: TidbClusterView[]): Finding[] {
  const asked = tidbClusters.flatMap((each) => together.filter((component) => specOf(each.object.spec, component)).map((component) => ({ each, component, version: desiredVersion(each.object.spec, component) })));
  const versions = [...new Set(asked.map(({ version }) => version))].sort();
  if (versions.length < 2) return [];
  const who = versions.map((version) => `${version}: ${asked.filter((one) => one.version === version).map(({ each, component }) => `${component}/${each.key}`).join(', ')}`);
  return [{ severity: 'warning', key: 'versions/mixed', message: `components are asked to run ${versions.length} versions (${who.join('; ')}): an upgrade is half done; upgradeCluster adopts what is done and finishes it` }];
}

function neverRolled(each: TidbClusterView): Finding[] {
  const stale = (component: Component): boolean => {
    const image = each.statefulSets[component]?.spec.template.spec.containers.find((container) => container.name === component)?.image;
    return image !== undefined && specOf(each.object.spec, component) !== undefined && image !== desiredImage(each.object.spec, component) && !isRolling(each, component);
  };
  return allComponents.filter(stale).map((component) => ({
    severity: 'warning',
    key: `versions/not-rolled/${each.key}/${component}`,
    message: `${components[component].title} of TidbCluster ${nameOf(each)} in ${each.kubernetesCluster} is asked to run ${desiredImage(each.object.spec, component) ?? 'an unknown image'} and its StatefulSet still has another: the operator is held up, or paused`,
  }));
}

function differentOperators(tidbClusters: TidbClusterView[]): Finding[] {
  const versions = new Set(tidbClusters.map((each) => each.operator.version ?? 'unknown'));
  if (versions.size < 2) return [];
  const who = tidbClusters.map((each) => `${each.kubernetesCluster} ${each.operator.version ?? 'unknown'}`).join(', ');
  return [{ severity: 'warning', key: 'versions/operator', message: `TiDB Operator is not of the same version everywhere: ${who}` }];
}
