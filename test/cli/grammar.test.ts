/** What the flags of a runbook make of its input. */
import { grammars } from '../../src/cli/grammar.ts';
import { runbooks } from '../../src/client/runbooks.ts';

const exit = grammars.find(({ word }) => word === 'exit');
const inputOf = (flags: Record<string, string | boolean | undefined>): unknown => {
  const given = Object.fromEntries(Object.entries(exit?.input(flags) ?? {}).filter(([, value]) => value !== undefined));
  return runbooks.exitCluster.contract().parse({ cluster: 'shop', ...given });
};

test('exit with --leaving alone deletes the TidbCluster and keeps everything else', () => {
  expect(inputOf({ leaving: 'west' })).toMatchObject({ leaving: 'west', way: 'out', deleteTidbCluster: true, reclaim: { data: 'keep', secrets: false, monitor: false } });
});

test('exit reclaims what its flags name', () => {
  expect(inputOf({ leaving: 'west', reclaimData: 'volumes', reclaimMonitor: true })).toMatchObject({ reclaim: { data: 'volumes', secrets: false, monitor: true } });
  expect(inputOf({ leaving: 'west', reclaimSecrets: true })).toMatchObject({ reclaim: { data: 'keep', secrets: true, monitor: false } });
});

test('exit goes back, or keeps the TidbCluster', () => {
  expect(inputOf({ leaving: 'west', way: 'back' })).toMatchObject({ way: 'back' });
  expect(inputOf({ leaving: 'west', keepTidbCluster: true })).toMatchObject({ deleteTidbCluster: false });
});

test('every runbook of the client has a word on the command line', () => {
  expect(grammars.map(({ type }) => type).toSorted()).toEqual(Object.keys(runbooks).toSorted());
});
