/** Bad input through the real `temporal` CLI: one readable sentence, at once, and nothing is changed. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { changedNothing } from '../../lab/oracle/changed-nothing.ts';
import { temporalCli } from '../temporal/lasting-server.ts';
import { Scenario, from, to } from './scenario.ts';

jest.setTimeout(180_000);

const run = promisify(execFile);

let scenario: Scenario;
let since: string;
beforeAll(async () => {
  scenario = await Scenario.begin('badinput', { replicas: { pd: 1, tikv: 1 } });
  await scenario.worker();
  since = new Date().toISOString();
});
afterAll(() => scenario.end());

let runs = 0;

/** Executes a workflow as a person would type it; resolves with everything that the CLI printed. */
async function execute(type: string, input: string): Promise<string> {
  runs += 1;
  const args = ['workflow', 'execute', '--address', scenario.places.temporal, '--task-queue', 'badinput', '--type', type, '--workflow-id', `bad/${runs}`, '--input', input];
  const { stdout, stderr } = await run(await temporalCli(), args).catch((error: unknown) => error as { stdout: string; stderr: string });
  return stdout + stderr;
}

test.each([
  { what: 'a wrong type', input: '"shop"', says: /takes one JSON object/ },
  { what: 'a number for the version', input: '{"cluster":"badinput","version":8}', says: /version.*needs a version such as "v8\.5\.4"/ },
  { what: 'an unknown key', input: `{"cluster":"badinput","version":"${to}","versoin":"x"}`, says: /versoin/ },
  { what: 'an unknown cluster', input: `{"cluster":"shopp","version":"${to}"}`, says: /no TiDB cluster .*shopp.* in the inventory; it has: badinput/ },
  { what: 'a malformed version', input: '{"cluster":"badinput","version":"8.5"}', says: /"8\.5.* is not a version/ },
  { what: 'a malformed duration', input: `{"cluster":"badinput","version":"${to}","soak":"soon"}`, says: /duration is a whole number and a unit/ },
  { what: 'a missing input', input: '{}', says: /cluster: needs the name.*version/ },
])('$what is refused', async ({ input, says }) => {
  const printed = await execute('upgradeCluster', input);
  expect(printed.replaceAll('\\"', '"')).toMatch(says);
  expect(printed).not.toMatch(/at .*\.ts:\d+/);
});

test('a downgrade, also of a patch version, is refused with every component in one answer', async () => {
  const printed = await execute('upgradeCluster', '{"cluster":"badinput","version":"v8.5.2"}');
  expect(printed).toMatch(new RegExp(`PD of TidbCluster badinput/badinput-east.*${from.replaceAll('.', '\\.')}, newer than v8\\.5\\.2: TiDB has no downgrade`));
  expect(printed).toMatch(/TiKV of TidbCluster badinput\/badinput-south/);
});

test('an unknown workflow type fails at once and names the runbooks', async () => {
  expect(await execute('upgradeCluser', '{}')).toMatch(/upgradeCluser.*upgradeCluster/);
});

test('none of these changed anything', async () => {
  // A run takes the lock before it plans and frees it at its end: a Lease is all that it may have written.
  const finding = await changedNothing({ ...scenario.evidence, since });
  const other = finding.evidence.filter((sentence) => sentence.includes('the author wrote') && !sentence.includes(' leases '));
  expect(other).toEqual([]);
});
