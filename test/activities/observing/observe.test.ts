/** PD is read beside Kubernetes, over the ways by which it was reached last. */
import { observe } from '../../../src/activities/observing/observe.ts';
import type { PdWays } from '../../../src/activities/observing/pd-access.ts';
import { RunbookError } from '../../../src/errors.ts';
import type { PdApi } from '../../../src/pd/api.ts';
import { surroundings } from '../few-objects.ts';

/** Ways to a PD without members that says who it is and notes that it was asked. */
function waysTo(id: string, asked: string[]): PdWays {
  const none = async (): Promise<never[]> => [];
  const pd = {
    members: async () => (asked.push(id), { clusterId: id, members: [], leader: undefined }),
    health: async () => new Map(),
    stores: none, evictLeaderStores: none, placementRules: none,
    replication: async () => ({ maxReplicas: 3, locationLabels: [] }),
    regionCount: async () => 0,
  };
  return { id, pd: pd as unknown as PdApi, voices: [], each: [] };
}

interface Asked {
  last: PdWays | undefined;
  now: PdWays;
}

const lookAt = async ({ last, now }: Asked): ReturnType<typeof observe> => observe(surroundings({ pd: { last: () => last, of: () => now } }), { cluster: 'shop' });

test.each([
  ['at the first look PD is asked once it is found', undefined, ['new']],
  ['PD that is where it was is asked once', 'new', ['new']],
  ['what the old ways say of a PD that has moved does not count', 'old', ['old', 'new']],
])('%s', async (_what, last, expected) => {
  const asked: string[] = [];
  const { database } = await lookAt({ last: last === undefined ? undefined : waysTo(last, asked), now: waysTo('new', asked) });
  expect(asked).toEqual(expected);
  expect(database?.clusterId).toBe('new');
});

test('a silence over the same ways is a silence', async () => {
  const ways = waysTo('same', []);
  const silent = { ...ways, pd: { ...ways.pd, members: () => Promise.reject(new RunbookError('Unreachable', 'nobody there')) } };
  const { database, databaseProblem } = await lookAt({ last: silent, now: silent });
  expect({ database, databaseProblem }).toEqual({ database: undefined, databaseProblem: 'nobody there' });
});
