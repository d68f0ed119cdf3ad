/** DNS as pods see it: names of pods behind their headless services, with the domain of their Kubernetes cluster or, inside it, without. */

interface Seat {
  kubernetesCluster: string;
  namespace: string;
  pod: string;
}

const keyOf = ({ kubernetesCluster, namespace, pod }: Seat): string => `${kubernetesCluster}/${namespace}/${pod}`;

/** The only domain that a simulated Kubernetes cluster has, whatever a TidbCluster says. */
export const realDomainOf = (kubernetesCluster: string): string => `${kubernetesCluster}.local`;

export class Names {
  readonly #addresses = new Map<string, { kubernetesCluster: string; address: string }>();

  set(seat: Seat, address: string): void {
    this.#addresses.set(keyOf(seat), { kubernetesCluster: seat.kubernetesCluster, address });
  }
  forget(seat: Seat, address: string | undefined): void {
    if (this.#addresses.get(keyOf(seat))?.address === address) this.#addresses.delete(keyOf(seat));
  }

  /** The address of `<pod>.<service>.<namespace>.svc[.<domain>]`; without domain only of a pod of the asking Kubernetes cluster. */
  resolve(name: string, from: string): string | undefined {
    const [, pod, service, namespace, domain] = /^([^.]+)\.([^.]+)\.([^.]+)\.svc(?:\.(.+))?$/.exec(name) ?? [];
    if (!pod || !service || !namespace || !pod.startsWith(`${service.replace(/-peer$/, '')}-`)) return undefined;
    const clusters = domain === undefined ? [from] : [...new Set([...this.#addresses.values()].map(({ kubernetesCluster }) => kubernetesCluster))].filter((one) => realDomainOf(one) === domain);
    return clusters.map((kubernetesCluster) => this.#addresses.get(keyOf({ kubernetesCluster, namespace, pod }))?.address).find(Boolean);
  }
}
