/** The only node of a simulated Kubernetes cluster: scheduler and kubelet for all its pods. */
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { isGone } from '../kubernetes-api.ts';
import { startKubelet } from '../kubelet/kubelet.ts';
import type { Kubelet, KubeletSettings } from '../kubelet/kubelet.ts';
import { Informer } from '../process/informer.ts';
import type { Pod } from '../process/kubernetes-objects.ts';
import type { PodLog } from './pod-log.ts';
import { PodLife } from './pod-life.ts';
import type { NodeGround } from './pod-life.ts';

/** More than any lab needs. */
const resources = { cpu: '64', memory: '256Gi', pods: '500' };
/** A kubelet that is silent for 40 s makes its node NotReady; nothing watches that here, so this is for the eye only. */
const heartbeatEvery = 10_000;

export class Node {
  readonly #pods = new Informer<Pod>();
  readonly #lives = new Map<string, PodLife>();
  readonly #ground: NodeGround;
  #kubelet: Kubelet | undefined;

  constructor(ground: NodeGround) {
    this.#ground = ground;
  }

  /** Resolves when the node is registered and follows its pods. */
  async start(tls: KubeletSettings['tls'], signal: AbortSignal): Promise<void> {
    this.#kubelet = await startKubelet({ tls, dial: (...where) => this.#dial(...where), log: (namespace, pod) => this.#logOf(namespace, pod) });
    await this.#register(this.#kubelet.port);
    const heartbeat = setInterval(() => void this.#writeStatus(this.#kubelet?.port ?? 0).catch(() => undefined), heartbeatEvery);
    signal.addEventListener('abort', () => clearInterval(heartbeat));
    this.#pods.onChange((pod, gone) => this.#see(pod, gone));
    await this.#pods.start(this.#ground.api, '/api/v1/pods', signal);
  }

  async stop(): Promise<void> {
    for (const life of this.#lives.values()) life.vanish();
    await this.#kubelet?.stop();
  }

  #see(pod: Pod, gone: boolean): void {
    const { uid } = pod.metadata;
    const life = this.#lives.get(uid);
    if (gone) {
      this.#lives.delete(uid);
      life?.gone();
    } else if (life) life.see(pod);
    else this.#lives.set(uid, new PodLife(this.#ground, pod));
  }

  #lifeOf(namespace: string, name: string): PodLife | undefined {
    return this.#lives.get(this.#pods.get(namespace, name)?.metadata.uid ?? '');
  }

  #dial(namespace: string, pod: string, port: number): Duplex | undefined {
    const address = this.#lifeOf(namespace, pod)?.address;
    return address === undefined ? undefined : connect({ host: address, port });
  }

  #logOf(namespace: string, pod: string): PodLog | undefined {
    return this.#lifeOf(namespace, pod)?.log;
  }

  async #register(port: number): Promise<void> {
    const { api, nodeName } = this.#ground;
    await api.create('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: nodeName } }).catch((error: unknown) => {
      if (!isGone(error)) throw error;
    });
    await this.#writeStatus(port);
  }

  async #writeStatus(port: number): Promise<void> {
    const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
    await this.#ground.api.patch(`/api/v1/nodes/${this.#ground.nodeName}/status`, {
      status: {
        addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
        daemonEndpoints: { kubeletEndpoint: { Port: port } },
        capacity: resources, allocatable: resources,
        conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'twin', lastHeartbeatTime: now, lastTransitionTime: now }],
      },
    });
  }
}
