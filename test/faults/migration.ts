/** One TidbCluster that stands alone, as those that migrate: no acrossK8s, no cluster domain. In the lab the domain of `east` is east.local. */
import type { WorkflowHandle } from '@temporalio/client';
import { judge } from '../../lab/oracle/judge.ts';
import type { Plan } from '../../src/protocol/plan.ts';
import type { Report, RunStatus } from '../../src/protocol/run.ts';
import { Scenario } from './scenario.ts';
import type { ScenarioOptions } from './scenario.ts';

export const domain = 'east.local';
export const waived = { acceptRisk: true, gates: 'plan', backupWaiver: 'a test' };

const usual = { pd: 3, tikv: 3, tidb: 1 };

/** Deploys it, and grants what a migration needs. */
export async function alone(name: string, options: ScenarioOptions & { strategy?: string } = {}): Promise<Scenario> {
  const { strategy, replicas = usual, ...more } = options;
  const members = [{ cluster: 'east' as const, namespace: name, tidbCluster: `${name}-east`, acrossK8s: false, clusterDomain: '', certificateDomain: domain, replicas }];
  // JSON has no undefined: an absent strategy is said by an empty text, which means the same to the operator.
  const scenario = await Scenario.begin(name, { ...more, members, spec: { configUpdateStrategy: strategy ?? null, ...more.spec } });
  for (const role of ['tidb-runbooks-migrate', ...(more.tls ? ['tidb-runbooks-tls'] : [])]) {
    await scenario.admin('east').create(`/apis/rbac.authorization.k8s.io/v1/namespaces/${name}/rolebindings`, {
      metadata: { name: role },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'ServiceAccount', name: 'tidb-runbooks', namespace: 'tidb-runbooks' }],
    });
  }
  return scenario;
}

/** Starts it; the gate `plan` is still closed. */
export async function migrate(scenario: Scenario, input: object = {}): Promise<WorkflowHandle> {
  return scenario.start('migrateCluster', { clusterDomain: domain, ...waived, ...input });
}

export async function approved(scenario: Scenario, run: WorkflowHandle): Promise<WorkflowHandle> {
  const waiting = await scenario.until(run, (status) => status.phase === 'awaiting-approval' || status.steps.some((step) => step.state !== 'pending'));
  if (waiting.gate) await scenario.decide(run, { decision: 'approve', by: 'bob', gate: 'plan', planHash: (await run.query<Plan>('plan')).hash });
  return run;
}

export const statesOf = (report: Report | RunStatus): Record<string, string> => Object.fromEntries(report.steps.map((step) => [step.id, step.state]));

export async function peerUrls(scenario: Scenario): Promise<string[]> {
  const { members } = await scenario.lab.database(scenario.name);
  return members.flatMap((member) => member.peerUrls).toSorted();
}

/** The pod of PD's leader. */
export async function leaderOf(scenario: Scenario): Promise<string> {
  const { members } = await scenario.lab.database(scenario.name);
  return members.find((member) => member.isLeader)?.origin.pod ?? '';
}

export const expectedPeerUrls = (name: string, scheme = 'http'): string[] => [0, 1, 2].map((ordinal) => `${scheme}://${name}-east-pd-${ordinal}.${name}-east-pd-peer.${name}.svc.${domain}:2380`);

/** Pods that look names up: none may be left. */
export async function probes(scenario: Scenario): Promise<string[]> {
  const { items } = await scenario.admin('east').list(`/api/v1/namespaces/${scenario.name}/pods`);
  return items.map(({ metadata }) => String(metadata['name'])).filter((name) => name.includes('-probe-'));
}

/** What every migration must leave, however it went. */
export async function expectMigrated(scenario: Scenario, { scheme = 'http', apartFrom = '' } = {}): Promise<void> {
  expect(await peerUrls(scenario)).toEqual(expectedPeerUrls(scenario.name, scheme));
  expect(await probes(scenario)).toEqual([]);
  expect((await scenario.tidbCluster('east'))['spec']).toMatchObject({ acrossK8s: true, clusterDomain: domain });
  const { members, stores } = await scenario.lab.database(scenario.name);
  expect(members.every((member) => member.healthy && member.clientUrls.every((url) => url.endsWith(`.${domain}:2379`)))).toBe(true);
  expect(stores.every((store) => store.state === 'Up' && store.address.includes(`.${domain}:`))).toBe(true);
  const verdict = await judge({ ...scenario.evidence, migrates: true });
  expect(verdict.invariants.filter((invariant) => !invariant.held && invariant.name !== apartFrom)).toEqual([]);
}
