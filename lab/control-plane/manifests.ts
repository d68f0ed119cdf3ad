/** Applies manifests as they will be deployed: POST, and a merge patch for what exists already. */
import { ApiError } from '../kubernetes-api.ts';
import type { KubernetesApi, KubernetesObject } from '../kubernetes-api.ts';
import { readManifests } from '../provision/operator-crds.ts';

/** Every object of a YAML file, in its order. Rejects with the server's sentence and the object's name. */
export async function applyManifests(api: KubernetesApi, file: string): Promise<void> {
  for (const object of await readManifests(file)) {
    await applyObject(api, object).catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`${file}: ${String(object['kind'])} "${String(object.metadata['name'])}" was refused: ${reason}`, { cause: error });
    });
  }
}

/** Creates an object, or merges it into the one of that name. */
export async function applyObject(api: KubernetesApi, object: KubernetesObject): Promise<void> {
  const collection = await collectionOf(api, object);
  try {
    await api.create(collection, object);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 409)) throw error;
    await api.patch(`${collection}/${String(object.metadata['name'])}`, object);
  }
}

/** The REST path of an object's kind and namespace, as the server's discovery tells it. */
async function collectionOf(api: KubernetesApi, object: KubernetesObject): Promise<string> {
  const version = String(object['apiVersion']);
  const kind = String(object['kind']);
  const root = version.includes('/') ? `/apis/${version}` : `/api/${version}`;
  const { resources } = (await api.get(root)) as unknown as { resources: { name: string; kind: string; namespaced: boolean }[] };
  const resource = resources.find((candidate) => candidate.kind === kind && !candidate.name.includes('/'));
  if (!resource) throw new Error(`the server knows no kind ${kind} in ${version}`);
  const namespace = String(object.metadata['namespace'] ?? 'default');
  return resource.namespaced ? `${root}/namespaces/${namespace}/${resource.name}` : `${root}/${resource.name}`;
}
