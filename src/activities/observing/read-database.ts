/** Reads PD's view of the database: members, health, stores, regions, schedulers. Any silence makes the whole view unknown. */
import { isRunbookError } from '../../errors.ts';
import type { PdApi } from '../../pd/api.ts';
import type { DatabaseView, RegionCheck } from '../../tidb/view.ts';
import { regionChecks } from '../../tidb/view.ts';

/** A PD member that can be asked about itself. */
export interface OwnVoice {
  speaksFor(clientUrl: string): boolean;
  pd: PdApi;
}

export async function readDatabase(pd: PdApi, voices: OwnVoice[], signal?: AbortSignal): Promise<DatabaseView> {
  const options = signal ? { signal } : {};
  const [members, health, stores, evictingStores, replication, placementRules, counts, loading] = await Promise.all([
    pd.members(options),
    pd.health(options),
    pd.stores(options),
    pd.evictLeaderStores(options),
    pd.replication(options),
    pd.placementRules(options),
    Promise.all(regionChecks.map(async (check) => [check, await pd.regionCount(check, options)] as const)),
    whoIsLoading(voices, signal),
  ]);
  return {
    clusterId: members.clusterId,
    members: members.members.map((member) => ({ ...member, healthy: health.get(member.name) })),
    leader: members.leader,
    // PD lists them in another order each time.
    stores: stores.toSorted((one, other) => compareIds(one.id, other.id)),
    regions: Object.fromEntries(counts) as Record<RegionCheck, number>,
    evictingStores,
    maxReplicas: replication.maxReplicas,
    locationLabels: replication.locationLabels,
    isolationLevel: replication.isolationLevel,
    placementRules,
    notReady: members.members.filter((member) => loading.some((voice) => member.clientUrls.some((url) => voice.speaksFor(url)))).map((member) => member.name),
  };
}

/** Decimal strings that exceed 2^53. */
function compareIds(one: string, other: string): number {
  return one.length - other.length || (one < other ? -1 : 1);
}

/** Those that say themselves that their regions are not loaded. One that is silent is judged by PD's health instead. */
async function whoIsLoading(voices: OwnVoice[], signal?: AbortSignal): Promise<OwnVoice[]> {
  const answers = await Promise.all(voices.map(async (voice) => ({ voice, ready: await readyOrSilent(voice.pd, signal) })));
  return answers.filter(({ ready }) => ready === false).map(({ voice }) => voice);
}

async function readyOrSilent(pd: PdApi, signal?: AbortSignal): Promise<boolean | 'not-served' | 'silent'> {
  try {
    return await pd.ready(signal ? { signal } : {});
  } catch (error) {
    if (isRunbookError(error, 'Unreachable')) return 'silent';
    throw error;
  }
}
