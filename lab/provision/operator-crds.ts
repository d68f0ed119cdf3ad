/** The custom resource definitions of tidb-operator, as JSON: 2.9 MB of YAML take 0.7 s to parse, so they are parsed once. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubernetesObject } from '../kubernetes-api.ts';
import { goModuleFile } from './go-module.ts';
import { provide } from './ladder.ts';
import type { LadderOptions, Source, Tool } from './ladder.ts';
import { officialDownload } from './official-download.ts';

const version = '1.6.6';
const yamlFile = 'crd.yaml';
const jsonFile = 'crds.json';

/** A source that leaves the documents of another one's YAML file as one JSON array. */
const asJson = (source: Source): Source => ({
  description: source.description,
  install: async (into) => {
    await source.install(into);
    await writeFile(join(into, jsonFile), JSON.stringify(await readManifests(join(into, yamlFile))));
    await rm(join(into, yamlFile));
  },
});

export const operatorCrdsFile: Tool = {
  name: 'tidb-operator-crds',
  version,
  file: jsonFile,
  variable: 'TIDB_RUNBOOKS_OPERATOR_CRDS',
  sources: [
    asJson(goModuleFile({ module: 'github.com/pingcap/tidb-operator', version: `v${version}`, member: 'manifests/crd.yaml', file: yamlFile })),
    asJson(officialDownload({ url: `https://raw.githubusercontent.com/pingcap/tidb-operator/v${version}/manifests/crd.yaml`, file: yamlFile })),
  ],
};

/** The ten definitions of `manifests/crd.yaml` of tidb-operator v1.6.6. The variable may name a JSON array or a YAML file. */
export async function operatorCrds(options: LadderOptions = {}): Promise<KubernetesObject[]> {
  const path = await provide(operatorCrdsFile, options);
  return path.endsWith('.json') ? (JSON.parse(await readFile(path, 'utf8')) as KubernetesObject[]) : readManifests(path);
}

/** Every object of a YAML file with one or many documents. */
export async function readManifests(path: string): Promise<KubernetesObject[]> {
  const documents = parseAllDocuments(await readFile(path, 'utf8'));
  const broken = documents.flatMap((document) => document.errors)[0];
  if (broken) throw new Error(`${path} is not valid YAML: ${broken.message.split('\n')[0]}`);
  return documents.map((document) => document.toJS() as KubernetesObject | null).filter((object) => object !== null);
}
