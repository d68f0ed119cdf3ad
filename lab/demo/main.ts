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
import { cluster, environmentOf, kubernetesClusters, pageOf, project, target, taskQueue, workflowId, writeFiles } from './places.ts';
import type { Places } from './places.ts';
import { command, hasEnded, lineOf, start, startArguments, status, untilGate } from './run.ts';
import { Stage } from './stage.ts';
import { startTemporal } from './temporal-server.ts';
import { askOracle } from './verdict.ts';
import { heading, say, show } from './words.ts';

/** What a shell reports of a process that was interrupted: 128 and the number of SIGINT. */
const interruptedCode = 130;

const stage = new Stage();
let codeWhenInterrupted = interruptedCode;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void end(codeWhenInterrupted));

let ending: Promise<void> | undefined;
function end(code: number): Promise<void> {
  ending ??= (async () => {
    await stage.freeTerminal();
    say('Ending everything and removing the work directory …');
    await stage.clear();
    process.exit(code);
  })();
  return ending;
}

/** Ctrl-C while a command has the terminal is meant for the whole demo. */
async function inTerminal(places: Places, args: readonly string[]): Promise<void> {
  const code = await stage.inTerminal(command(places, 'tidb-runbook', args));
  if (code === interruptedCode) await end(interruptedCode);
}

async function startLab(): Promise<LabClient> {
  heading(`Starting three Kubernetes control planes: ${kubernetesClusters.join(', ')}`);
  say('Each has a real etcd, kube-apiserver and kube-controller-manager; nodes, TiDB Operator and the database are simulated.');
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

/** Resolves with the run's id when the run has ended. */
async function upgrade(places: Places): Promise<string> {
  heading(`Upgrading "${cluster}" to ${target}, started with the plain Temporal CLI`);
  show(`$ ${lineOf('temporal', startArguments)}`);
  say('Each step settles and soaks for half a second here; in production 35 s and 65 s, longer than TiDB Operator and PD need to notice a change.');
  const runId = await start(stage, places);
  show('');
  const waiting = await untilGate(stage, places);
  if (!hasEnded(waiting)) {
    await inTerminal(places, ['status', workflowId]);
    heading('The approval gate');
    await passApproval(stage, places, { waiting, page: pageOf(places, runId) });
  }
  heading(`Watching the run to its report: tidb-runbook watch ${workflowId}`);
  await inTerminal(places, ['watch', workflowId]);
  return runId;
}

/** True when the run is done and the oracle found every invariant held. */
async function judge(places: Places): Promise<boolean> {
  heading('The verdict of an oracle that reads only the audit logs and the event log of the lab');
  const isHeld = await askOracle(stage, places);
  const { phase } = await status(stage, places);
  say(isHeld && phase === 'done' ? 'All went well.' : `Not all went well: the run is ${phase}, and the verdict stands above.`);
  return isHeld && phase === 'done';
}

async function perform(): Promise<boolean> {
  const places = await startProduct(await deployed());
  const runId = await upgrade(places);
  const isWell = await judge(places);
  if (process.env['KEEP']) {
    codeWhenInterrupted = isWell ? 0 : 1;
    explainWhatStays(places, pageOf(places, runId));
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
