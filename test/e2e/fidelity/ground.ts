/** The ground on which the list is looked at: a running lab, reached by nothing but its lab.json. */
import { setTimeout as delay } from 'node:timers/promises';
import type { DeploymentInput, LabClient } from '../../../lab/client.ts';
import type { KubernetesApi } from '../../../lab/kubernetes-api.ts';
import { Administrator } from '../../faults/ground/admin.ts';

/** Milliseconds. The real operator needs half a minute for some things that its twin does at once. */
const patience = 300_000;
const lookEvery = 50;

export class Ground {
  readonly lab: LabClient;
  readonly #prefix: string;
  readonly #administrator: Administrator;
  readonly #episodes = new Map<string, Promise<unknown>>();
  readonly #deployed: string[] = [];

  /** `prefix` begins the name of everything that is deployed, so that two lists can be looked at in one lab. */
  constructor(lab: LabClient, prefix: string) {
    this.lab = lab;
    this.#administrator = new Administrator(lab.lab.adminKubeconfig);
    this.#prefix = prefix;
  }

  name(of: string): string {
    return `${this.#prefix}-${of}`;
  }

  /** What an administrator with kubectl may do. */
  admin(cluster: string): KubernetesApi {
    return this.#administrator.in(cluster);
  }

  auditLog(cluster: string): string {
    const found = this.lab.lab.kubernetesClusters.find(({ name }) => name === cluster);
    if (!found) throw new Error(`The lab has no Kubernetes cluster ${cluster}`);
    return found.auditLog;
  }

  /** Something that is done once and told by several behaviours; when it fails, all of them fail with its sentence. */
  once<Told>(episode: string, happen: () => Promise<Told>): Promise<Told> {
    const known = this.#episodes.get(episode) ?? happen();
    known.catch(() => undefined);
    this.#episodes.set(episode, known);
    return known as Promise<Told>;
  }

  async deploy(deployment: DeploymentInput): Promise<void> {
    this.#deployed.push(deployment.name);
    await this.lab.deploy(deployment);
  }

  /** Resolves with what `look` finds. A look that fails is one that found nothing. */
  async until<Found>(what: string, look: () => Promise<Found | undefined | false>): Promise<Found> {
    const end = performance.now() + patience;
    for (;;) {
      const found = await look().catch(() => undefined);
      if (found !== undefined && found !== false) return found;
      if (performance.now() > end) throw new Error(`it did not come true within ${patience / 1_000} s that ${what}`);
      await delay(lookEvery);
    }
  }

  /** Takes away what was deployed. */
  async end(): Promise<void> {
    for (const name of this.#deployed) await this.lab.remove(name);
    await this.#administrator.close();
  }
}
