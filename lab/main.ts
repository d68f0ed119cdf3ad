/** `lab up`: starts a lab in this process and keeps it until a signal or its API ends it. */
import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { deploymentSchema, spreadOver } from './deploy/deployment.ts';
import { startControlApi } from './process/control-api.ts';
import { clearDirectory, writeLabFile } from './process/lab-file.ts';
import { provideBinaries } from './control-plane/binaries.ts';
import { Lab, operatorKinds } from './process/lab.ts';
import type { OperatorKind } from './process/lab.ts';
import { isInside, runInside, whyNotHere } from './real/enter.ts';
import { provideRealPrograms } from './real/real-ground.ts';
import { presets } from './settings.ts';
import type { Preset } from './settings.ts';

interface Options {
  directory: string;
  clusters: string;
  preset?: Preset;
  operator: OperatorKind;
  rbac?: string;
  deploy?: string;
}

const say = (line: string): void => void process.stderr.write(`lab: ${line}\n`);

async function up(options: Options): Promise<void> {
  const place = resolve(options.directory);
  clearDirectory(place, !existsSync(place) || readdirSync(place).length === 0);
  if (options.operator === 'real' && !isInside()) process.exit(await upInside());
  await upHere({ ...options, place });
}

/** The same command again, in a private place. There is no way to the outside from there, so everything is fetched before. */
async function upInside(): Promise<number> {
  const reason = whyNotHere();
  if (reason !== undefined) throw new Error(`The lab with the real TiDB Operator cannot run here, because ${reason}.`);
  await provideBinaries();
  await provideRealPrograms();
  return runInside([process.execPath, ...process.execArgv, ...process.argv.slice(1)]);
}

async function upHere({ place, clusters, operator, preset = operator === 'real' ? 'real' : 'demo', rbac, deploy }: Options & { place: string }): Promise<void> {
  const names = clusters.split(',');
  const lab = await Lab.start({ names, directory: place, preset, operator, rbac: rbac === undefined ? undefined : resolve(rbac), say });
  const ended = Promise.withResolvers<void>();
  const end = (): void => ended.resolve();
  process.on('SIGINT', end).on('SIGTERM', end);
  const control = await startControlApi(lab, end);
  writeLabFile(lab, { preset, control: control.url });
  try {
    if (deploy !== undefined) await lab.deploy(deploymentSchema.parse(spreadOver(deploy, names)));
    say(`everything is in ${place}/lab.json`);
    process.stdout.write('ready\n');
    await ended.promise;
  } finally {
    say('stopping');
    control.close();
    await lab.stop();
  }
}

const program = new Command('lab').description('Simulated Kubernetes clusters with TiDB clusters over them: real control planes, twins of nodes, operator and database.');

program
  .command('up')
  .description('start a lab and keep it until SIGINT, SIGTERM or its control API ends it')
  .option('--directory <path>', 'where data, logs and lab.json go', '.lab')
  .option('--clusters <names>', 'Kubernetes clusters, separated by commas', 'east,west,south')
  .addOption(new Option('--preset <name>', 'speed of the twins').choices(Object.keys(presets)))
  .addOption(new Option('--operator <kind>', 'the twin, or the real TiDB Operator (Linux, root)').choices(operatorKinds).default('twin'))
  .option('--rbac <file>', 'RBAC manifest of the product; without it, it may do everything')
  .option('--deploy <name>', 'deploy a TiDB cluster of this name over all Kubernetes clusters')
  .action(up);

program.parseAsync().then(
  () => process.exit(0),
  (error: unknown) => {
    say(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
