/**
 * `make demo`: a TiDB cluster that spans three real Kubernetes control planes is upgraded before your eyes. Starts the product as a
 * person would, by its commands; imports nothing of it. The exit code says whether all went well.
 */
import { join } from 'node:path';
import { LabClient } from '../client.ts';
import { spreadOver } from '../deploy/deployment.ts';
import { provide } from '../provision/ladder.ts';
import { tools } from '../provision/tools.ts';
import { passApproval } from './approval.ts';
import { explainWhatStays } from './keep.ts';
import { cluster, environmentOf, kubernetesClusters, project, target, taskQueue, workflowId, writeFiles } from './places.ts';
import type { Places } from './places.ts';
import { command, hasEnded, lineOf, start, startArguments, status, untilGate } from './run.ts';
import { Stage } from './stage.ts';
import { startTemporal } from './temporal-server.ts';
import { heading, paragraph, say } from './words.ts';

/** What a shell reports of a process that was interrupted: 128 and the number of SIGINT. */
const interruptedCode = 130;

const stage = new Stage();
let codeWhenInterrupted = interruptedCode;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end(codeWhenInterrupted));

let ending: Promise<void> | undefined;
function end(code: number): Promise<void> {
  ending ??= (async () => {
    say('Ending everything and removing the work directory …');
    await stage.clear();
    process.exit(code);
  })();
  return ending;
}

async function startLab(): Promise<LabClient> {
  heading(`Starting the lab: three Kubernetes control planes (etcd, kube-apiserver, kube-controller-manager), ${kubernetesClusters.join(', ')}`);
  say(`Everything of this demo is in ${stage.directory} and on loopback ports.`);
  const directory = join(stage.directory, 'lab');
  const args = [`${project}lab/main.ts`, 'up', '--preset', 'demo', '--directory', directory, '--clusters', kubernetesClusters.join(','), '--rbac', `${project}deploy/kubernetes-rbac.yaml`];
  const lab = stage.background('lab', { title: 'The lab', command: process.execPath, args, env: process.env }, (line) => line.startsWith('lab: ') && say(line.slice('lab: '.length)));
  await lab.says('ready');
  return LabClient.in(directory);
}

async function deploy(lab: LabClient): Promise<void> {
  heading(`Deploying the TiDB cluster "${cluster}" over all three: PD, TiFlash, TiKV, Pump, TiDB, TiCDC`);
  const { members, stores, servers, clusterId } = await lab.deploy(spreadOver(cluster, kubernetesClusters));
  const [first] = members;
  say(`PD cluster ${clusterId}: ${members.length} PD members, ${stores.length} stores, ${servers.length} servers, all at v${first?.version.replace(/^v/, '') ?? '?'}.`);
}

async function startProduct(lab: LabClient): Promise<Places> {
  heading('Starting Temporal and a worker');
  const temporalCli = await provide(tools.temporal);
  const { address: temporalAddress, uiUrl } = await startTemporal(stage, temporalCli);
  const { kubeconfig, adminKubeconfig } = lab.lab;
  const places = { directory: stage.directory, lab: join(stage.directory, 'lab'), kubeconfig, adminKubeconfig, temporalCli, temporalAddress, uiUrl };
  writeFiles(places);
  say(`Temporal answers at ${temporalAddress}, its UI at ${uiUrl}`);
  const worker = { title: 'The worker', command: process.execPath, args: [`${project}src/worker.ts`], env: environmentOf(places) };
  await stage.background('worker', worker).says('worker is polling');
  say(`The worker waits for runs on task queue ${taskQueue}.`);
  return places;
}

async function upgrade(places: Places): Promise<void> {
  heading(`Upgrading "${cluster}" to ${target}, started with the plain Temporal CLI`);
  say(`$ ${lineOf('temporal', startArguments)}`);
  paragraph('Each step settles and soaks for one second here; the defaults are 35 s and 65 s, longer than what', 'TiDB Operator and PD need to notice a change.');
  await start(stage, places);
  const waiting = await untilGate(stage, places);
  if (!hasEnded(waiting)) {
    await stage.inTerminal(command(places, 'tidb-runbook', ['status', workflowId]));
    heading('The approval gate');
    await passApproval(stage, places, waiting);
  }
  heading(`Watching the run to its report: tidb-runbook watch ${workflowId}`);
  await stage.inTerminal(command(places, 'tidb-runbook', ['watch', workflowId]));
}

/** True when the run is done and the oracle found every invariant held. */
async function judge(places: Places): Promise<boolean> {
  heading('What an independent oracle reads in the audit logs of the API servers and in the event log of the lab');
  const { phase } = await status(stage, places);
  const oracle = { title: 'The oracle', command: process.execPath, args: [`${project}lab/oracle/main.ts`, places.lab, '--namespace', cluster], env: process.env };
  return (await stage.inTerminal(oracle)) === 0 && phase === 'done';
}

async function perform(): Promise<boolean> {
  const places = await startProduct(await deployed());
  await upgrade(places);
  const isWell = await judge(places);
  say(isWell ? 'All went well.' : 'Not all went well: see above.');
  if (process.env['KEEP']) {
    codeWhenInterrupted = isWell ? 0 : 1;
    explainWhatStays(places);
    await stage.trouble;
  }
  return isWell;
}

async function deployed(): Promise<LabClient> {
  const lab = await startLab();
  await deploy(lab);
  return lab;
}

try {
  const isWell = await Promise.race([perform(), stage.trouble]);
  await end(isWell ? 0 : 1);
} catch (error) {
  // An interrupt makes everything fail that is under way; then the end has begun already.
  if (!ending) process.stderr.write(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
  await end(1);
}
