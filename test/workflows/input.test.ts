/** A bad input or an unknown type fails the run at once, with one sentence that names each problem. */
import type { RunStatus } from '../../src/protocol/run.ts';
import { Stage } from './stage.ts';

let stage: Stage;
beforeAll(async () => (stage = await Stage.open()));
afterAll(async () => stage.close());

const takesOne = 'upgradeCluster takes one JSON object, for example {"cluster":"shop","version":"v8.5.4"}, and got';
const cannotBeUsed = 'The input of upgradeCluster cannot be used:';
const good = { cluster: 'shop', version: 'v8.5.4' };

test.each<[string, unknown, string]>([
  ['nothing', undefined, `${takesOne} nothing`],
  ['null', null, `${takesOne} null`],
  ['text', 'shop', `${takesOne} a string`],
  ['a list', [good], `${takesOne} a list`],
  ['an empty object', {}, `${cannotBeUsed} cluster: needs the name of the TiDB cluster in the inventory, e.g. "shop"; version: needs a version such as "v8.5.4"`],
  ['an empty cluster', { ...good, cluster: ' ' }, `${cannotBeUsed} cluster: must not be empty`],
  ['a version without v', { ...good, version: '8.5.4' }, `${cannotBeUsed} version: "8.5.4" is not a version: write it as vMAJOR.MINOR.PATCH, e.g. "v8.5.4"`],
  ['a version of two parts', { ...good, version: 'v8.5' }, `${cannotBeUsed} version: "v8.5" is not a version: write it as vMAJOR.MINOR.PATCH, e.g. "v8.5.4"`],
  ['a version that is a number', { ...good, version: 8.5 }, `${cannotBeUsed} version: needs a version such as "v8.5.4", as text`],
  ['a typo in a field', { ...good, versoin: 'v8.5.4' }, `${cannotBeUsed} versoin: no such field`],
  ['a typo further down', { ...good, components: { tiproxi: {} } }, `${cannotBeUsed} components.tiproxi: no such field`],
  ['TiProxy without a version', { ...good, components: { tiproxy: {} } }, `${cannotBeUsed} components.tiproxy.version: needs a version such as "v8.5.4"`],
  ['an unknown gate level', { ...good, gates: 'all' }, `${cannotBeUsed} gates: Invalid option: expected one of "none"|"plan"|"component"|"tidbcluster"|"step"`],
  ['a duration without unit', { ...good, soak: '60' }, `${cannotBeUsed} soak: a duration is a whole number and a unit: 500ms, 30s, 10m or 2h`],
  ['an empty list of approvers', { ...good, approvers: [] }, `${cannotBeUsed} approvers: Too small: expected array to have >=1 items`],
  ['several problems', { version: 'latest', mode: 'go', x: 1 }, `${cannotBeUsed} cluster: needs the name of the TiDB cluster in the inventory, e.g. "shop"; version: "latest" is not a version: write it as vMAJOR.MINOR.PATCH, e.g. "v8.5.4"; mode: Invalid option: expected one of "run"|"plan"; x: no such field`],
])('%s', async (name, input, sentence) => {
  const workflowId = `bad-input/${name}`;
  const handle = await stage.start('upgradeCluster', workflowId, input === undefined ? [] : [input]);
  await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'InvalidInput', message: sentence, nonRetryable: true } });
  expect(await handle.query<RunStatus>('status')).toMatchObject({ phase: 'failed', message: sentence });
});

test.each(['v8.5.4', 'v8.5.4-pre', 'v8.5.4-20260101-3f1a2b3', 'v10.0.0-alpha.1'])('version %s is accepted', async (version) => {
  const play = await stage.play({}, { version, mode: 'plan', components: { tiproxy: { version: 'v1.3.0' } } });
  expect((await play.planResult()).mode).toBe('plan');
  expect(play.cast.of('makePlan')[0]?.input).toMatchObject({ version, components: { tiproxy: { version: 'v1.3.0' } } });
});

test('an unknown type names the known runbooks', async () => {
  const handle = await stage.start('upgradCluster', 'unknown', [good]);
  await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'NotFound', message: 'There is no runbook upgradCluster; known are: upgradeCluster, restartCluster, exitCluster, migrateCluster, checkCluster, doctor', nonRetryable: true } });
});

test('doctor refuses what it does not know', async () => {
  const handle = await stage.start('doctor', 'doctor-bad', [{ clutser: 'shop' }]);
  await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'InvalidInput', message: 'The input of doctor cannot be used: clutser: no such field' } });
});
