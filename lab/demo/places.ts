/** Where everything of the demo is found, and the files that let people and programs find it: inventory, profile, `env`, `bin/`. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';

export const kubernetesClusters = ['east', 'west', 'south'] as const;
/** The TiDB cluster of the demo, and the namespace of its TidbClusters. */
export const cluster = 'shop';
export const target = 'v8.5.4';
export const workflowId = `upgradeCluster/${cluster}`;
export const taskQueue = 'tidb-runbooks';
export const project: string = new URL('../../', import.meta.url).pathname;

export interface Places {
  directory: string;
  /** The lab's own directory inside it. */
  lab: string;
  /** For the product: its service account. */
  kubeconfig: string;
  /** For people: everything is allowed. */
  adminKubeconfig: string;
  temporalCli: string;
  temporalAddress: string;
  uiUrl: string;
}

export const inventoryOf = ({ directory }: Places): string => join(directory, 'inventory.yaml');
export const binOf = ({ directory }: Places): string => join(directory, 'bin');
export const envFileOf = ({ directory }: Places): string => join(directory, 'env');

/** The page of the run in the Temporal UI that shows its current details: the table of steps. */
export function pageOf({ uiUrl }: Places, runId: string): string {
  return `${uiUrl}/namespaces/default/workflows/${encodeURIComponent(workflowId)}/${runId}/user-metadata`;
}

/** The environment of every process of the demo: ours, and nothing of the Temporal profile that a person may have. */
export function environmentOf(places: Places): NodeJS.ProcessEnv {
  const foreign = /^(TEMPORAL_|TIDB_RUNBOOKS_(INVENTORY|TASK_QUEUE|UI_URL|HEALTH_ADDRESS|METRICS_ADDRESS|PERSON)$)/;
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
  return { ...inherited, ...variablesOf(places) };
}

function variablesOf(places: Places): Record<string, string> {
  return {
    TEMPORAL_ADDRESS: places.temporalAddress,
    TEMPORAL_NAMESPACE: 'default',
    // A profile of our own: a person's may hold certificates or an API key for another server.
    TEMPORAL_CONFIG_FILE: join(places.directory, 'temporal.toml'),
    TIDB_RUNBOOKS_INVENTORY: inventoryOf(places),
    TIDB_RUNBOOKS_TASK_QUEUE: taskQueue,
    TIDB_RUNBOOKS_UI_URL: places.uiUrl,
  };
}

export function writeFiles(places: Places): void {
  writeFileSync(inventoryOf(places), inventory(places));
  writeFileSync(join(places.directory, 'temporal.toml'), `[profile.default]\naddress = "${places.temporalAddress}"\nnamespace = "default"\n`);
  mkdirSync(binOf(places));
  writeProgram(places, 'temporal', `exec ${quoted(places.temporalCli)} "$@"`);
  writeProgram(places, 'tidb-runbook', `exec ${quoted(process.execPath)} ${quoted(`${project}src/cli/main.ts`)} "$@"`);
  const more = { KUBECONFIG: places.adminKubeconfig };
  const lines = [...exportsOf({ ...variablesOf(places), ...more }), `export PATH=${quoted(binOf(places))}:"$PATH"`];
  writeFileSync(envFileOf(places), `# Source this file to try the demo by hand: ". ${envFileOf(places)}"\n${lines.join('\n')}\n`);
}

function inventory({ kubeconfig }: Places): string {
  return stringify({
    kubernetesClusters: Object.fromEntries(kubernetesClusters.map((context) => [context, { kubeconfig, context }])),
    tidbClusters: { [cluster]: { initial: { kubernetesCluster: kubernetesClusters[0], namespace: cluster, name: `${cluster}-${kubernetesClusters[0]}` } } },
  });
}

/** A program that needs no environment: it can be called from any terminal by its path. */
function writeProgram(places: Places, name: string, call: string): void {
  const path = join(binOf(places), name);
  writeFileSync(path, `#!/bin/sh\n${exportsOf(variablesOf(places)).join('\n')}\n${call}\n`);
  chmodSync(path, 0o755);
}

const exportsOf = (variables: Record<string, string>): string[] => Object.entries(variables).map(([name, value]) => `export ${name}=${quoted(value)}`);

/** For a POSIX shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
