/**
 * An etcd directory in which the operator's definitions are installed already, made once and copied for every lab:
 * starting on a copy takes 8 s for three planes, installing the ten definitions takes 19 s.
 */
import { constants } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubernetesApi } from '../kubernetes-api.ts';
import { cacheDirectory, cachedDirectory } from '../provision/cache.ts';
import { operatorCrds, operatorCrdsFile } from '../provision/operator-crds.ts';
import { runCommand } from '../provision/run-command.ts';
import { ApiServer } from './api-server.ts';
import type { Binaries } from './binaries.ts';
import { LabAuthority } from './certificates.ts';
import { etcdVersion, prefixOf, startEtcd } from './etcd.ts';
import { freePort } from './ports.ts';
import { waitFor } from './readiness.ts';
import { Watchdog } from './watchdog.ts';

const definitionsPath = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
/** Data for so many planes fits every smaller lab too: a prefix that nobody reads costs nothing. */
const usualPlanes = 3;

/** Puts a copy of the prepared data for `planes` planes to `<directory>/etcd`; makes the original first when it is missing. */
export async function copyPreparedData(binaries: Binaries, planes: number, directory: string): Promise<void> {
  const count = Math.max(planes, usualPlanes);
  const [etcd, kubernetes] = await Promise.all([etcdVersion(binaries.etcd), kubernetesVersion(binaries.apiServer)]);
  const name = `etcd-data-${etcd}-kubernetes-${kubernetes}-crds-${operatorCrdsFile.version}-planes-${count}`;
  const prepared = await cachedDirectory(cacheDirectory(), name, (into) => prepare(binaries, count, into));
  await cp(join(prepared, 'etcd'), join(directory, 'etcd'), { recursive: true, mode: constants.COPYFILE_FICLONE });
}

/** e.g. `1.34.4`. */
async function kubernetesVersion(binary: string): Promise<string> {
  return /v(\S+)/.exec(await runCommand(binary, ['--version']))?.[1] ?? 'unknown';
}

async function prepare(binaries: Binaries, planes: number, into: string): Promise<void> {
  process.stderr.write(`control planes: installing tidb-operator's definitions once for ${planes} planes (about half a minute)\n`);
  const watchdog = new Watchdog();
  const etcd = await startEtcd(binaries.etcd, into, watchdog);
  const scratch = await mkdtemp(join(tmpdir(), 'tidb-runbooks-prepare-'));
  try {
    // One after the other: three servers that take in definitions at once slow each other down more than that.
    for (let index = 0; index < planes; index++) await installDefinitions(binaries, etcd.url, index, { scratch, watchdog });
  } finally {
    await etcd.stop();
    watchdog.dismiss();
    await rm(scratch, { recursive: true, force: true });
  }
}

async function installDefinitions(binaries: Binaries, etcdUrl: string, index: number, { scratch, watchdog }: { scratch: string; watchdog: Watchdog }): Promise<void> {
  const name = `plane-${index}`;
  const authority = await LabAuthority.create(name);
  const settings = { binary: binaries.apiServer, name, directory: join(scratch, name), port: await freePort(), etcdUrl, etcdPrefix: prefixOf(index), authority, watchdog };
  const server = await ApiServer.start(settings);
  const admin = await authority.issueClient({ user: 'lab-admin', groups: ['system:masters'] });
  const api = new KubernetesApi({ server: server.url, ca: authority.certificate, ...admin, userAgent: 'lab-prepare' });
  try {
    for (const definition of await operatorCrds()) await api.create(definitionsPath, definition);
    await waitForDefinitions(api, name);
  } finally {
    await api.close();
    await server.stop();
  }
}

/** What is read of a definition. */
interface DefinitionSpec {
  group: string;
  names: { plural: string };
  versions: { name: string }[];
}

const listPath = ({ group, names, versions }: DefinitionSpec): string => `/apis/${group}/${versions[0]?.name}/${names.plural}?limit=1`;

/** Resolves when the API server serves every one of the operator's definitions. */
export async function waitForDefinitions(api: KubernetesApi, name: string): Promise<void> {
  const specs = (await operatorCrds()).map((definition) => definition['spec'] as DefinitionSpec);
  // One after the other: a server that is starting has better things to do than to answer all of them "not yet".
  for (const spec of specs) {
    await waitFor(`${spec.names.plural} to be served by ${name}`, async () => Boolean(await api.get(listPath(spec))));
  }
}
