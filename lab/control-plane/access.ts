/** Who comes to a control plane with a kubeconfig: the administrator, the product, and one who may do nothing. */
import { KubernetesApi } from '../kubernetes-api.ts';
import type { ControlPlane } from './control-plane.ts';
import { administrator } from './control-plane.ts';
import type { KubeconfigEntry } from './kubeconfig.ts';
import { applyManifests, applyObject } from './manifests.ts';

/** Longer than any lab runs. Seconds. */
const tokenLifetime = 7 * 24 * 3600;
/** Namespace and name of the product's service account; `productUser` in the audit policy is the same. */
const product = { namespace: 'tidb-runbooks', name: 'tidb-runbooks' };
const nobody = { namespace: 'tidb-runbooks', name: 'nobody' };

/** For people with kubectl: a certificate that may do everything, at the API server itself. */
export async function administratorEntry(plane: ControlPlane): Promise<KubeconfigEntry> {
  return { name: plane.name, server: plane.server, ca: plane.ca, credentials: await plane.credentialsFor(administrator) };
}

/**
 * For the product: a token of its service account, through the proxy. `manifest` is the path of the RBAC manifest as it is
 * deployed; the rights are exactly those in it.
 */
export async function productEntry(plane: ControlPlane, manifest: string): Promise<KubeconfigEntry> {
  return asAdministrator(plane, async (api) => {
    await applyManifests(api, manifest);
    return tokenEntry(plane, api, product);
  });
}

/** For tests: a token through the proxy, with no right but to log in. */
export async function restrictedEntry(plane: ControlPlane): Promise<KubeconfigEntry> {
  return asAdministrator(plane, (api) => tokenEntry(plane, api, nobody));
}

async function asAdministrator<Result>(plane: ControlPlane, work: (api: KubernetesApi) => Promise<Result>): Promise<Result> {
  const api = new KubernetesApi(await plane.connectionFor({ ...administrator, userAgent: 'lab-access' }));
  try {
    return await work(api);
  } finally {
    await api.close();
  }
}

async function tokenEntry(plane: ControlPlane, api: KubernetesApi, { namespace, name }: typeof product): Promise<KubeconfigEntry> {
  await applyObject(api, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await applyObject(api, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } });
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: tokenLifetime } };
  const answer = await api.create(`/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`, request);
  const { token } = answer['status'] as { token: string };
  return { name: plane.name, server: plane.proxyServer, ca: plane.ca, credentials: { token } };
}
