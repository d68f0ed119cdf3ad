/** The life of one pod on the node: placed, image pulled, container started and watched, stopped, gone. */
import { startProcess } from '../database/processes/start.ts';
import { pause, StartFailure } from '../database/processes/process.ts';
import type { Container, Process } from '../database/processes/process.ts';
import type { Databases } from '../database/databases.ts';
import type { Fact, RecordFact } from '../event-log.ts';
import { isGone } from '../kubernetes-api.ts';
import type { KubernetesApi } from '../kubernetes-api.ts';
import type { EventWriter } from '../process/event-writer.ts';
import type { Pod } from '../process/kubernetes-objects.ts';
import type { Component, Speeds } from '../settings.ts';
import { componentOf, containerOf, mainContainerOf, MountFailure, readInputs, tidbClusterOf } from './container-inputs.ts';
import type { PodAddresses } from './pod-addresses.ts';
import { PodLog } from './pod-log.ts';
import { podStatus } from './pod-status.ts';
import { probeOf, runProbe } from './probe.ts';
import type { Resolve } from './probe.ts';
import type { Stage } from './pod-status.ts';

/** Faults of single pods, asked again and again. */
export interface PodFaults {
  isUnschedulable(pod: Pod): boolean;
  isImageRefused(pod: Pod): boolean;
  isCrashing(pod: Pod): boolean;
  isDiscoveryGone(pod: Pod): boolean;
  /** For a probe in this pod. */
  isUnresolvable(pod: Pod, name: string): boolean;
}

/** Where pods run when that is not in the lab's own network: see `lab/real`. */
export interface PodRuntime {
  takeAddress(pod: Pod): string;
  /** Throws StartFailure as `startProcess` does. */
  start(container: Container, log: (line: string) => void): Process;
  /** A pod that is no component of a database. */
  startOther(pod: Pod, address: string, log: (line: string) => void): Promise<Process>;
  /** The address of a name, asked of the cluster's own DNS; for pods that look names up. */
  lookUp(name: string): Promise<string | undefined>;
}

/** What all pods of a node share. */
export interface NodeGround {
  api: KubernetesApi;
  kubernetesCluster: string;
  nodeName: string;
  speeds: Speeds;
  databases: Databases;
  addresses: PodAddresses;
  events: EventWriter;
  faults: PodFaults;
  record: RecordFact;
  runtime: PodRuntime | undefined;
}

/** Milliseconds between two looks at readiness and faults. */
const probeEvery = 50;
/** Speeds of pods that are no component of a database, such as discovery. */
const otherPod = { podStop: 50 };
const anyPort = 2379;
const second = 1_000;

export class PodLife {
  readonly log = new PodLog();
  address: string | undefined;
  readonly #ground: NodeGround;
  readonly #component: Component | undefined;
  #pod: Pod;
  #process: Process | undefined;
  #isEnding = false;
  #restarts = 0;
  #written = '';

  constructor(ground: NodeGround, pod: Pod) {
    this.#ground = ground;
    this.#pod = pod;
    this.#component = componentOf(pod);
    this.#record({ kind: 'pod-created', image: this.#image });
    void this.#live().catch((error: unknown) => this.log.write(`node: ${String(error)}`));
  }

  /** A newer version of the pod object. */
  see(pod: Pod): void {
    this.#pod = pod;
    if (pod.metadata.deletionTimestamp && !this.#isEnding) void this.#end();
  }

  /** The node lets the pod go without any ceremony. */
  vanish(): void {
    this.#isEnding = true;
    this.#process?.stop();
  }

  get #image(): string {
    return mainContainerOf(this.#pod)?.image ?? '';
  }
  get #path(): string {
    return `/api/v1/namespaces/${this.#pod.metadata.namespace}/pods/${this.#pod.metadata.name}`;
  }

  async #live(): Promise<void> {
    const { speeds, addresses, runtime } = this.#ground;
    if (this.#pod.metadata.deletionTimestamp) return this.#end();
    if (!this.#pod.spec.nodeName) await this.#place();
    await this.#write({ is: 'waiting', reason: 'ContainerCreating' });
    await pause(speeds.imagePull);
    await this.#pull();
    this.address = runtime?.takeAddress(this.#pod) ?? (await addresses.take(mainContainerOf(this.#pod)?.ports?.[0]?.containerPort ?? anyPort));
    addresses.names.set(this.#seat, this.address);
    if (await this.#probe()) return;
    while (!this.#isEnding) await this.#runOnce();
  }

  get #seat(): { kubernetesCluster: string; namespace: string; pod: string } {
    const { namespace, name: pod } = this.#pod.metadata;
    return { kubernetesCluster: this.#ground.kubernetesCluster, namespace, pod };
  }

  /** True when the pod was one that asks the network something and ends. */
  async #probe(): Promise<boolean> {
    const { addresses, faults, kubernetesCluster, runtime } = this.#ground;
    const commands = this.#component ? undefined : probeOf(this.#pod.spec);
    if (!commands) return false;
    const resolve = (name: string): ReturnType<Resolve> => (runtime ? runtime.lookUp(name) : addresses.names.resolve(name, kubernetesCluster));
    const { exitCode, lines } = await runProbe(commands, (name) => (faults.isUnresolvable(this.#pod, name) ? undefined : resolve(name)));
    for (const line of lines) this.log.write(line);
    await this.#write({ is: 'ended', exitCode });
    return true;
  }

  async #place(): Promise<void> {
    const { faults, speeds, api, nodeName } = this.#ground;
    await pause(speeds.podSchedule);
    while (!this.#isEnding && faults.isUnschedulable(this.#pod)) {
      await this.#fail('FailedScheduling', '0/1 nodes are available: 1 Insufficient cpu.');
      await this.#write({ is: 'unschedulable' });
      await this.#wait(() => !faults.isUnschedulable(this.#pod), speeds.restartBackoff);
    }
    if (this.#isEnding) return;
    const { name } = this.#pod.metadata;
    await this.#tolerate(api.create(`${this.#path}/binding`, { apiVersion: 'v1', kind: 'Binding', metadata: { name }, target: { apiVersion: 'v1', kind: 'Node', name: nodeName } }));
  }

  /** First the refusal itself, then the back-off, in turns, as a kubelet shows it. */
  async #pull(): Promise<void> {
    const { faults, speeds } = this.#ground;
    const message = `failed to pull image "${this.#image}": not found`;
    while (!this.#isEnding && faults.isImageRefused(this.#pod)) {
      await this.#fail('Failed', `Failed to pull image "${this.#image}": not found`);
      await this.#write({ is: 'waiting', reason: 'ErrImagePull', message });
      await this.#wait(() => !faults.isImageRefused(this.#pod), speeds.restartBackoff / 2);
      await this.#fail('BackOff', `Back-off pulling image "${this.#image}"`);
      await this.#write({ is: 'waiting', reason: 'ImagePullBackOff', message: `Back-off pulling image "${this.#image}"` });
      await this.#wait(() => !faults.isImageRefused(this.#pod), speeds.restartBackoff);
    }
  }

  /** One container from start to its end; a pod that is to stay gets another one. */
  async #runOnce(): Promise<void> {
    const { faults, speeds } = this.#ground;
    try {
      if (faults.isCrashing(this.#pod)) throw new StartFailure('fatal error: simulated crash at start');
      this.#process = await this.#startProcess();
      this.#record({ kind: 'pod-started', image: this.#image, attempt: this.#restarts });
      await this.#attend(new Date().toISOString());
    } catch (error) {
      if (error instanceof MountFailure) await this.#fail('FailedMount', error.message);
      else await this.#crash(error instanceof StartFailure ? error.message : `node: ${String(error)}`);
      await this.#wait(() => false, speeds.restartBackoff);
    }
  }

  async #startProcess(): Promise<Process> {
    const { api, kubernetesCluster, databases, speeds, faults, runtime } = this.#ground;
    if (!this.#component) return (await runtime?.startOther(this.#pod, this.address ?? '', this.log.write)) ?? { isReady: () => true, stop: () => undefined };
    const inputs = await readInputs(api, this.#pod);
    const container = containerOf(this.#pod, this.#component, { kubernetesCluster, address: this.address ?? '' }, inputs);
    return runtime?.start(container, this.log.write) ?? startProcess(container, { databases, speeds, log: this.log.write, isDiscoveryGone: () => faults.isDiscoveryGone(this.#pod) });
  }

  /** Follows readiness until the pod ends or a fault kills the container. Only a probe can make a running container unready. */
  async #attend(startedAt: string): Promise<void> {
    const probe = mainContainerOf(this.#pod)?.readinessProbe;
    const probedFrom = Date.parse(startedAt) + (probe?.initialDelaySeconds ?? 0) * second * this.#ground.speeds.probeDelay;
    let was = false;
    while (!this.#isEnding) {
      if (this.#ground.faults.isCrashing(this.#pod)) throw new StartFailure('fatal error: simulated crash');
      const failure = this.#process?.failure?.();
      if (failure !== undefined) throw new StartFailure(failure);
      const ready = !probe || (Date.now() >= probedFrom && this.#process?.isReady() === true);
      await this.#write({ is: 'running', ready, restarts: this.#restarts, startedAt });
      if (ready !== was) this.#record({ kind: ready ? 'pod-ready' : 'pod-unready' });
      was = ready;
      await pause(probeEvery);
    }
  }

  async #crash(message: string): Promise<void> {
    this.#process?.stop();
    this.log.write(message);
    this.#restarts += 1;
    await this.#fail('BackOff', 'Back-off restarting failed container');
    await this.#write({ is: 'crashed', message, restarts: this.#restarts });
  }

  async #end(): Promise<void> {
    this.#isEnding = true;
    this.#record({ kind: 'pod-deleted' });
    const { speeds, api } = this.#ground;
    this.#process?.stop();
    await pause(this.#component ? speeds.podStop[this.#component] : otherPod.podStop);
    await this.#tolerate(api.remove(this.#path, { gracePeriodSeconds: 0, preconditions: { uid: this.#pod.metadata.uid } }));
  }

  async #fail(reason: string, message: string): Promise<void> {
    this.#record({ kind: 'pod-failed', reason, message });
    const object = { apiVersion: 'v1', kind: 'Pod', metadata: this.#pod.metadata };
    await this.#tolerate(this.#ground.events.write(object, { type: 'Warning', reason, message }));
  }

  async #wait(isOver: () => boolean, longest: number): Promise<void> {
    const until = Date.now() + longest;
    while (!this.#isEnding && Date.now() < until && !isOver()) await pause(probeEvery);
  }

  /** Writes a status only when it differs from the last one. */
  async #write(stage: Stage): Promise<void> {
    const text = JSON.stringify([stage, this.address]);
    if (this.#isEnding || text === this.#written) return;
    this.#written = text;
    const status = podStatus(this.#pod, stage, { address: this.address, now: new Date().toISOString().replace(/\.\d+Z$/, 'Z') });
    await this.#tolerate(this.#ground.api.patch(`${this.#path}/status`, { status }));
  }

  /** The pod may be gone or changed at any moment: both are normal. */
  async #tolerate(work: Promise<unknown>): Promise<void> {
    await work.catch((error: unknown) => {
      if (!isGone(error)) throw error;
    });
  }

  #record(fact: Fact): void {
    const { kubernetesCluster, databases, record } = this.#ground;
    const { namespace, name } = this.#pod.metadata;
    if (!this.#component) return;
    const tidbCluster = tidbClusterOf(this.#pod);
    record({ database: databases.nameOf({ kubernetesCluster, namespace, name: tidbCluster }), kubernetesCluster, namespace, tidbCluster, component: this.#component, pod: name, ...fact });
  }

  /** The object is gone from the API server. */
  gone(): void {
    this.vanish();
    this.#ground.addresses.names.forget(this.#seat, this.address);
    this.#record({ kind: 'pod-gone' });
  }
}
