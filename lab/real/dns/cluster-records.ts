/** The records of one Kubernetes cluster, kept up to date by watches of its Services and pods. */
import type { KubernetesApi } from '../../kubernetes-api.ts';
import { Informer } from '../../process/informer.ts';
import { isConditionTrue } from '../../process/kubernetes-objects.ts';
import type { Named, Pod } from '../../process/kubernetes-objects.ts';
import type { ClusterNames, PodRecord, ServiceRecord } from './names.ts';

interface Service extends Named {
  spec: { selector?: Record<string, string>; clusterIP?: string; publishNotReadyAddresses?: boolean };
}

export class ClusterRecords implements ClusterNames {
  readonly domain: string;
  readonly #services = new Informer<Service>();
  readonly #pods = new Informer<Pod>();

  constructor(domain: string) {
    this.domain = domain;
  }

  async start(api: KubernetesApi, signal: AbortSignal): Promise<void> {
    await Promise.all([this.#services.start(api, '/api/v1/services', signal), this.#pods.start(api, '/api/v1/pods', signal)]);
  }

  services(): ServiceRecord[] {
    return this.#services.list().map(({ metadata: { namespace, name }, spec }) => ({
      namespace, name, selector: spec.selector, headless: spec.clusterIP === 'None', publishNotReady: spec.publishNotReadyAddresses === true,
    }));
  }

  pods(): PodRecord[] {
    return this.#pods.list().flatMap(({ metadata, spec, status }) => {
      const { podIP } = status;
      if (podIP === undefined) return [];
      return [{
        namespace: metadata.namespace, labels: metadata.labels ?? {}, hostname: spec.hostname, subdomain: spec.subdomain,
        address: podIP, ready: isConditionTrue(status.conditions, 'Ready'), ending: metadata.deletionTimestamp !== undefined,
      }];
    });
  }
}
