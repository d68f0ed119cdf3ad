/** The TiDB clusters on which the list is looked at: as few as possible, since the real operator takes half a minute for each. */
import type { DeploymentInput } from '../../../lab/client.ts';
import type { Ground } from './ground.ts';
import { Subject } from './subject.ts';

export const from = 'v8.5.3';
export const to = 'v8.5.4';
/** Never deployed: a version that is asked for where nothing may happen. */
export const unreached = 'v8.5.5';
/** Its image cannot be pulled. */
export const broken = 'v8.5.9';

const inCluster = ['east', 'west', 'south'] as const;
type Cluster = (typeof inCluster)[number];

/** Names without a domain, configuration changed in place: as an old TidbCluster that was never meant to be across Kubernetes. */
const plain = { clusterDomain: '', acrossK8s: false };

async function deploy(ground: Ground, deployment: DeploymentInput): Promise<Subject[]> {
  await ground.deploy(deployment);
  return deployment.members.map(({ cluster, namespace, tidbCluster }) => new Subject(ground, { cluster, namespace, name: tidbCluster, database: deployment.name }));
}

function alone(ground: Ground, of: string, cluster: Cluster, replicas: DeploymentInput['members'][number]['replicas']): Promise<Subject> {
  return ground.once(`deploy ${of}`, async () => {
    const name = ground.name(of);
    const [subject] = await deploy(ground, { name, version: from, spec: { configUpdateStrategy: 'InPlace' }, members: [{ cluster, namespace: name, tidbCluster: name, ...plain, replicas }] });
    if (!subject) throw new Error(`${name} was not deployed`);
    return subject;
  });
}

/** One TidbCluster alone, with three PD and three TiKV. */
export const lone = (ground: Ground): Promise<Subject> => alone(ground, 'lone', 'east', { pd: 3, tikv: 3, tidb: 1 });

/** Two TiKV where three replicas are wanted; thrown away at the end with a ruined PD. */
export const doomed = (ground: Ground): Promise<Subject> => alone(ground, 'doomed', 'west', { pd: 3, tikv: 2 });

/** One TiDB cluster over three Kubernetes clusters with one pod of each kind in each. */
export function spread(ground: Ground): Promise<Record<Cluster, Subject>> {
  return ground.once('deploy spread', async () => {
    const name = ground.name('spread');
    const members = inCluster.map((cluster) => ({ cluster, namespace: name, tidbCluster: `${name}-${cluster}`, replicas: { pd: 1, tikv: 1, tidb: 1 } }));
    const subjects = await deploy(ground, { name, version: from, members });
    return Object.fromEntries(inCluster.map((cluster, index) => [cluster, subjects[index]])) as Record<Cluster, Subject>;
  });
}
