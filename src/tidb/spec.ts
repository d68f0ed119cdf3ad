/** Reads and writes the versions in a TidbCluster's spec. Pure; the patches are JSON merge patches. */
import { allComponents, components } from './components.ts';
import type { Component } from './components.ts';
import type { ComponentSpec, ComponentStatus, TidbCluster, TidbClusterSpec } from './objects.ts';
import type { JsonObject } from '../protocol/json.ts';

export function specOf(spec: TidbClusterSpec, component: Component): ComponentSpec | undefined {
  const { place } = components[component];
  if ('microservice' in place) return spec.pdms?.find((entry) => entry.name === place.microservice);
  return spec[place.field];
}

export function statusOf(object: TidbCluster, component: Component): ComponentStatus | undefined {
  const { place } = components[component];
  if ('microservice' in place) return object.status.pdms?.[place.microservice];
  return object.status[place.field];
}

/** The version that the component is asked to run: its own, else the cluster's. TiProxy has a version line of its own. */
export function desiredVersion(spec: TidbClusterSpec, component: Component): string {
  return specOf(spec, component)?.version || spec.version;
}

/**
 * The image string that the operator will put into the StatefulSet (§1.7; tidb-operator v1.6 component_spec.go).
 * A microservice without `baseImage` takes PD's. Undefined for the legacy field `image`, which this project refuses.
 */
export function desiredImage(spec: TidbClusterSpec, component: Component): string | undefined {
  const own = specOf(spec, component);
  if (!own || (own.image && !own.baseImage)) return undefined;
  const inherited = 'microservice' in components[component].place ? spec.pd?.baseImage : undefined;
  const base = own.baseImage || inherited || components[component].defaultBaseImage;
  const version = desiredVersion(spec, component);
  return version ? `${base}:${version}` : base;
}

/** A suspendAction on the whole or on one of these components: the operator then deletes StatefulSets instead of rolling them (§2.8). */
export function isSuspended(spec: TidbClusterSpec, among: readonly Component[] = allComponents): boolean {
  const actions = [spec.suspendAction, ...among.map((component) => specOf(spec, component)?.suspendAction)];
  return actions.some((action) => typeof action === 'object' && action !== null && Object.values(action).some(Boolean));
}

/** The merge patch that asks one component for a version. The list `spec.pdms` has no merge keys: it is written whole (§3.7). */
export function versionPatch(spec: TidbClusterSpec, component: Component, version: string): JsonObject {
  const { place } = components[component];
  if (!('microservice' in place)) return { spec: { [place.field]: { version } } };
  const pdms = (spec.pdms ?? []).map((entry) => (entry.name === place.microservice ? { ...entry, version } : entry));
  return { spec: { pdms: pdms as unknown as JsonObject[] } };
}

/** The merge patch that asks for these numbers of pods; the list `spec.pdms` is written whole. */
export function replicasPatch(spec: TidbClusterSpec, replicas: Partial<Record<Component, number>>): JsonObject {
  const wanted = allComponents.filter((component) => replicas[component] !== undefined && specOf(spec, component));
  const fields = wanted.flatMap((component) => {
    const { place } = components[component];
    return 'microservice' in place ? [] : [[place.field, { replicas: replicas[component] ?? 0 }] as const];
  });
  const pdms = (spec.pdms ?? []).map((entry) => ({ ...entry, replicas: replicas[entry.name as Component] ?? entry.replicas }));
  const touchesPdms = wanted.some((component) => 'microservice' in components[component].place);
  return { spec: { ...Object.fromEntries(fields), ...(touchesPdms ? { pdms: pdms as unknown as JsonObject[] } : {}) } };
}

/**
 * The merge patch that moves the target into `spec.version` and removes the components' own versions; TiProxy keeps its own.
 * With every image string unchanged it rolls nothing (Ⓞ10).
 */
export function settlingPatch(spec: TidbClusterSpec, version: string): JsonObject {
  const patch: JsonObject = { version };
  for (const field of ['pd', 'tiflash', 'tikv', 'pump', 'tidb', 'ticdc'] as const) {
    if (spec[field]?.version) patch[field] = { version: null };
  }
  if (spec.pdms?.some((entry) => entry.version)) {
    patch['pdms'] = spec.pdms.map(({ version: _removed, ...entry }) => entry) as unknown as JsonObject[];
  }
  return { spec: patch };
}

export function isSettled(spec: TidbClusterSpec, version: string): boolean {
  return Object.keys(settlingPatch(spec, version)['spec'] as JsonObject).length === 1 && spec.version === version;
}

/** The spec after a settling patch, for comparing image strings before anything is written. */
export function settledSpec(spec: TidbClusterSpec, version: string): TidbClusterSpec {
  const bare = <T extends { version?: string | null | undefined } | undefined>(component: T): T => (component ? { ...component, version: undefined } : component);
  return {
    ...spec,
    version,
    pd: bare(spec.pd),
    tiflash: bare(spec.tiflash),
    tikv: bare(spec.tikv),
    pump: bare(spec.pump),
    tidb: bare(spec.tidb),
    ticdc: bare(spec.ticdc),
    pdms: spec.pdms?.map(bare),
  };
}
