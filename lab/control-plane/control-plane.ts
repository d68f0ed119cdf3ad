/** One Kubernetes control plane of the lab: a real API server and controller manager behind a proxy with faults. */
import { join } from 'node:path';
import { ApiProxy } from '../api-proxy/api-proxy.ts';
import { KubernetesApi } from '../kubernetes-api.ts';
import type { Connection } from '../kubernetes-api.ts';
import { ApiServer } from './api-server.ts';
import type { Binaries } from './binaries.ts';
import { LabAuthority } from './certificates.ts';
import type { Identity, KeyPair } from './certificates.ts';
import type { Child } from './child.ts';
import { startControllerManager } from './controller-manager.ts';
import { prefixOf } from './etcd.ts';
import type { Etcd } from './etcd.ts';
import { freePort } from './ports.ts';
import { waitForDefinitions } from './prepared-data.ts';
import type { Watchdog } from './watchdog.ts';

/** May do everything. */
export const administrator: Identity = { user: 'lab-admin', groups: ['system:masters'] };
/** May do nothing but log in: no RBAC rule names it. */
export const restricted: Identity = { user: 'lab-restricted' };

export interface ControlPlaneSettings {
  name: string;
  /** Its place in the lab: decides its key prefix in etcd. */
  index: number;
  directory: string;
  binaries: Binaries;
  etcd: Etcd;
  watchdog: Watchdog;
  podsReachItAt?: string | undefined;
  /** Without controllers nobody acts on what is written; absent: with them. */
  controllers?: boolean | undefined;
}

interface Parts {
  authority: LabAuthority;
  apiServer: ApiServer;
  controllerManager: Child | undefined;
  proxy: ApiProxy;
  kubeletServing: KeyPair;
}

export class ControlPlane {
  readonly name: string;
  readonly #parts: Parts;
  readonly #credentials = new Map<string, Promise<KeyPair>>();

  private constructor(name: string, parts: Parts) {
    this.name = name;
    this.#parts = parts;
  }

  /** Resolves when the API server serves the operator's definitions and the controllers run. */
  static async start(settings: ControlPlaneSettings): Promise<ControlPlane> {
    const { name, index, etcd, watchdog, binaries, podsReachItAt, controllers = true } = settings;
    const directory = join(settings.directory, name);
    const authority = await LabAuthority.create(`lab-${name}`);
    const shared = { name, directory, authority, watchdog };
    const apiServer = await ApiServer.start({ ...shared, binary: binaries.apiServer, port: await freePort(), etcdUrl: etcd.url, etcdPrefix: prefixOf(index), podsReachItAt });
    const tls = await authority.issueServer('api-proxy');
    const [controllerManager, proxy, kubeletServing] = await Promise.all([
      controllers ? startControllerManager({ ...shared, binary: binaries.controllerManager, server: apiServer.url, servesRealPods: podsReachItAt !== undefined }) : undefined,
      ApiProxy.start({ upstream: apiServer.url, ca: authority.certificate, tls, port: await freePort() }),
      authority.issueServer('kubelet'),
    ]);
    const plane = new ControlPlane(name, { authority, apiServer, controllerManager, proxy, kubeletServing });
    await plane.#definitionsServed();
    return plane;
  }

  /** URL of the API server itself. */
  get server(): string {
    return this.#parts.apiServer.url;
  }
  /** The same for pods, where they have a network of their own. */
  get serverForPods(): string {
    return this.#parts.apiServer.urlForPods;
  }
  /** URL of the proxy in front of it; bearer tokens pass, client certificates end there. */
  get proxyServer(): string {
    return this.#parts.proxy.url;
  }
  /** The switchboard of faults between the product and the API server. */
  get proxy(): ApiProxy {
    return this.#parts.proxy;
  }
  /** PEM text of the authority behind all certificates of this plane. */
  get ca(): string {
    return this.#parts.authority.certificate;
  }
  /** Path of the audit log: one JSON object per line. */
  get auditLog(): string {
    return this.#parts.apiServer.auditLog;
  }
  /** For the kubelet endpoint of this plane's nodes: what it shows to the API server, and the authority by which it knows it. */
  get kubeletTls(): KeyPair & { ca: string } {
    return { ...this.#parts.kubeletServing, ca: this.ca };
  }

  async credentialsFor(identity: Identity): Promise<KeyPair> {
    const id = JSON.stringify([identity.user, identity.groups]);
    const known = this.#credentials.get(id) ?? this.#parts.authority.issueClient(identity);
    this.#credentials.set(id, known);
    return known;
  }

  /** A connection to the API server itself, with a client certificate. */
  async connectionFor(identity: Identity & { userAgent: string }): Promise<Connection> {
    const credentials = await this.credentialsFor({ user: identity.user, ...(identity.groups ? { groups: identity.groups } : {}) });
    return { server: this.server, ca: this.ca, ...credentials, userAgent: identity.userAgent };
  }

  /** An outage: the API server dies at once, and its proxy breaks what it had open. The data stays. */
  async stopApiServer(): Promise<void> {
    await this.#parts.apiServer.crash();
  }

  /** Ends the outage: same port, same data. Resolves when the operator's definitions are served again. */
  async startApiServer(): Promise<void> {
    await this.#parts.apiServer.start();
    await this.#definitionsServed();
  }

  async stop(): Promise<void> {
    const { proxy, controllerManager, apiServer } = this.#parts;
    await Promise.all([proxy.stop(), controllerManager?.stop(), apiServer.stop()]);
  }

  async #definitionsServed(): Promise<void> {
    const api = new KubernetesApi(await this.connectionFor({ ...administrator, userAgent: 'lab-readiness' }));
    await waitForDefinitions(api, this.name).finally(() => api.close());
  }
}
