/** PD's view of the database, from its answers. */
import { readDatabase } from '../../../src/activities/observing/read-database.ts';
import type { PdApi } from '../../../src/pd/api.ts';

const answers = (stores: { id: string }[]): PdApi =>
  ({
    members: async () => ({ clusterId: '7', leader: undefined, members: [] }),
    health: async () => new Map(),
    stores: async () => stores,
    evictLeaderStores: async () => [],
    replication: async () => ({ maxReplicas: 3, locationLabels: [], isolationLevel: '' }),
    placementRules: async () => 'disabled',
    regionCount: async () => 0,
  }) as unknown as PdApi;

test('the stores stand in the order of their ids, in whatever order PD lists them: the same state is the same plan', async () => {
  const { stores } = await readDatabase(answers(['10', '9007199254740993', '9', '9007199254740992', '4'].map((id) => ({ id }))), []);
  expect(stores.map(({ id }) => id)).toEqual(['4', '9', '10', '9007199254740992', '9007199254740993']);
});
