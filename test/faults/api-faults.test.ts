/** API servers that answer badly, and what the operator or the database does not do. */
import type { FaultInput } from '../../lab/client.ts';
import { judge } from '../../lab/oracle/judge.ts';
import { Scenario } from './scenario.ts';

jest.setTimeout(300_000);

let scenario: Scenario;
afterEach(() => scenario.end());

test('API servers that throttle, fail, are slow, reset connections and lose answers delay a run and change nothing else', async () => {
  scenario = await Scenario.begin('badapi');
  const east = { scope: { kubernetesCluster: 'east' } };
  const west = { scope: { kubernetesCluster: 'west' } };
  const south = { scope: { kubernetesCluster: 'south' } };
  const faults: FaultInput[] = [
    { kind: 'api-proxy', effect: { kind: 'throttle', retryAfter: 1 }, share: 0.02, ...east },
    { kind: 'api-proxy', effect: { kind: 'error', status: 500 }, share: 0.02, ...west },
    { kind: 'api-proxy', effect: { kind: 'error', status: 503 }, share: 0.02, ...south },
    { kind: 'api-proxy', effect: { kind: 'delay', milliseconds: 200 }, share: 0.1, ...south },
    { kind: 'api-proxy', effect: { kind: 'reset' }, share: 0.02, ...west },
    // The write is done and its answer lost: the next attempt must find it and not write again.
    { kind: 'api-proxy', effect: { kind: 'lose-answer' }, methods: ['PATCH'], count: 3, ...east },
  ];
  const off = await Promise.all(faults.map((fault) => scenario.fault(fault)));
  await scenario.worker();
  const run = await scenario.upgrade();
  expect((await scenario.report(run)).phase).toBe('done');
  await Promise.all(off.map((each) => each()));
  const verdict = await judge({ ...scenario.evidence, expectChanges: true });
  expect(verdict.invariants.filter((invariant) => !invariant.held)).toEqual([]);
  expect(verdict.order.length).toBe(new Set(verdict.order).size);
});

test.each<{ what: string; name: string; fault: FaultInput; words: RegExp }>([
  { what: 'leaders that do not move', name: 'leaders', fault: { kind: 'leaders-frozen', scope: { database: 'leaders', kubernetesCluster: 'west' } }, words: /region leaders do not leave store/ },
  { what: 'a pod that cannot be scheduled', name: 'pending', fault: { kind: 'pod-pending', scope: { database: 'pending', kubernetesCluster: 'west', component: 'tikv' } }, words: /pending-west-tikv-0 cannot be scheduled/ },
  { what: 'a container that crashes, with the end of its log', name: 'crash', fault: { kind: 'pod-crashing', scope: { database: 'crash', kubernetesCluster: 'west', component: 'tikv' } }, words: /crash-west-tikv-0 does not start \(CrashLoopBackOff.*its log ends/ },
])('$what: the run says so and goes on when it is mended', async ({ name, fault, words }) => {
  scenario = await Scenario.begin(name);
  await scenario.worker();
  const run = await scenario.upgrade({ stallAfter: '4s' });
  await scenario.until(run, (status) => status.steps.some((step) => step.id === (name === 'crash' ? 'tikv/west' : 'pd/south') && step.state === 'waiting'));
  const mend = await scenario.fault(fault);
  await scenario.untilHeld(run, words);
  await mend();
  expect((await scenario.report(run)).phase).toBe('done');
});

test('an operator that is down holds the step of its Kubernetes cluster, in words', async () => {
  scenario = await Scenario.begin('operator');
  await scenario.worker();
  const run = await scenario.upgrade();
  await scenario.until(run, (status) => status.steps.some((step) => step.id === 'pd/east' && step.state === 'done'));
  const mend = await scenario.fault({ kind: 'operator-stopped', scope: { kubernetesCluster: 'south' } });
  await scenario.untilHeld(run, /TiDB Operator in south is down/);
  await mend();
  expect((await scenario.report(run)).phase).toBe('done');
});
