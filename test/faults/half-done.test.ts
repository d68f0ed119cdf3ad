/** A person began the upgrade by hand and stopped in the middle. */
import { Scenario, bare, to } from './scenario.ts';

jest.setTimeout(300_000);

let scenario: Scenario;
afterEach(() => scenario.end());

test('a half-done hand upgrade is adopted: what runs the target is not touched again', async () => {
  scenario = await Scenario.begin('halfdone');
  // By hand: PD everywhere, and TiKV in east asked for but not awaited.
  for (const cluster of ['east', 'west', 'south'] as const) {
    await scenario.patch(cluster, { spec: { pd: { version: to } } });
    await scenario.eventually(`PD in ${cluster} runs ${to}`, async () => {
      const { members } = await scenario.lab.database('halfdone');
      return members.some((member) => member.name.startsWith(`halfdone-${cluster}`) && member.healthy && bare(member.version) === bare(to));
    });
  }
  const goOn = await scenario.fault({ kind: 'leaders-frozen', scope: { database: 'halfdone', pod: 'halfdone-east-tikv-0' } });
  await scenario.patch('east', { spec: { tikv: { version: to } } });
  await scenario.eventually('TiKV in east rolls', async () => (await scenario.lab.database('halfdone')).stores.some(({ isEvicting }) => isEvicting));
  await scenario.worker();

  const run = await scenario.upgrade();
  await scenario.until(run, ({ steps }) => steps.some(({ id, state }) => id === 'pd/east' && state === 'waiting'));
  await goOn();
  const report = await scenario.report(run);

  expect(report.phase).toBe('done');
  const states = Object.fromEntries(report.steps.map((step) => [step.id, step.state]));
  expect(states).toMatchObject({ 'pd/east': 'adopted', 'pd/west': 'adopted', 'pd/south': 'adopted', 'tikv/east': 'adopted', 'tikv/west': 'done', 'tidb/south': 'done' });
  expect(report.steps.find(({ id }) => id === 'pd/east')?.found).toBe(true);
  const again = await scenario.report(await scenario.upgrade());
  expect(again.steps.every((step) => step.state === 'adopted')).toBe(true);
});
