/** The TidbClusters of the TiDB cluster that is judged, and their short names. */

export interface TidbClusterName {
  kubernetesCluster: string;
  namespace: string;
  name: string;
}

export interface Place extends TidbClusterName {
  /** The name of its Kubernetes cluster where that says enough, such as `east`. */
  id: string;
}

export function placesOf(names: readonly TidbClusterName[]): Place[] {
  return names.map((name) => {
    const isAlone = names.filter(({ kubernetesCluster }) => kubernetesCluster === name.kubernetesCluster).length === 1;
    return { ...name, id: isAlone ? name.kubernetesCluster : `${name.kubernetesCluster}/${name.namespace}/${name.name}` };
  });
}

/** How facts and requests name a TidbCluster. */
interface Located {
  kubernetesCluster?: string | undefined;
  namespace?: string | undefined;
}

export const placeOf = (places: readonly Place[], { kubernetesCluster, namespace, tidbCluster }: Located & { tidbCluster?: string | undefined }): Place | undefined =>
  places.find((place) => place.kubernetesCluster === kubernetesCluster && place.namespace === namespace && place.name === tidbCluster);
