/** The lab of this worker of jest, asked through its control API and its API servers; what a file deployed there is removed when it leaves. */
import { setTimeout as delay } from 'node:timers/promises';
import { LabClient } from '../../../lab/client.ts';
import type { DeploymentInput } from '../../../lab/client.ts';
import type { KubernetesApi } from '../../../lab/kubernetes-api.ts';
import { Administrator } from '../../faults/ground/admin.ts';
import { groundPlaces } from '../../faults/ground/places.ts';

/** Longer than anything of the fast twins takes on a busy computer. Milliseconds. */
const patienceMs = 120_000;
const lookEveryMs = 100;

export class RunningLab {
  readonly client = LabClient.in(groundPlaces().lab);
  readonly #administrator = new Administrator(this.client.lab.adminKubeconfig);
  readonly #deployed = new Set<string>();

  /** Resolves when the TiDB cluster is whole. */
  async deploy(deployment: DeploymentInput): Promise<void> {
    this.#deployed.add(deployment.name);
    await this.client.deploy(deployment);
  }

  async remove(name: string): Promise<void> {
    await this.client.remove(name);
    this.#deployed.delete(name);
  }

  /** As its administrator. */
  api(kubernetesCluster: string): KubernetesApi {
    return this.#administrator.in(kubernetesCluster);
  }

  async leave(): Promise<void> {
    await this.client.allFaultsOff();
    for (const name of [...this.#deployed]) await this.remove(name);
    await this.#administrator.close();
  }
}

/** What `look` finds once it finds something. */
export async function until<Found>(look: () => Promise<Found | undefined | false | ''>, what: string): Promise<Found> {
  const end = Date.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await delay(lookEveryMs);
  }
}
