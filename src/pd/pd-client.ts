/** PD's HTTP API over one transport. Paths and statuses: PD v8.5 server/api/router.go, server/apiv2 (§5.4, §5.5). */
import { RunbookError } from '../errors.ts';
import type { PlacementRule, RegionCheck } from '../tidb/view.ts';
import { etcdMembers, membersV2, updateMemberPeerUrls, updateMemberPeerUrlsV2 } from './etcd-members.ts';
import { ask, isSuccess, read, refused, send } from './ask.ts';
import type { Answerer, Question } from './ask.ts';
import type { Maintenance, MaintenanceHeld, MaintenanceTaken, PdApi, PdCallOptions, RemovingProgress } from './api.ts';
import * as schemas from './schemas.ts';
import type { Transport } from './transport.ts';

/** PD probes every member before it answers; with one cut off it took more than 3 s (observed.md 35), so this must exceed two such probes. */
const HEALTH_TIMEOUT_MS = 20_000;

/** `count` is the first field of a region list (PD pkg/response/region.go); the regions behind it can be many megabytes. */
const COUNT_HEAD_BYTES = 64;
const countHead = /^\s*\{\s*"count"\s*:\s*(\d+)/;

const v1 = (path: string): Question => ({ method: 'GET', path: `/pd/api/v1/${path}` });

const questions = {
  members: v1('members'),
  health: { ...v1('health'), timeoutMs: HEALTH_TIMEOUT_MS },
  stores: v1('stores?state=0&state=1&state=2'),
  schedulers: v1('schedulers'),
  evictLeader: v1('scheduler-config/evict-leader-scheduler/list'),
  replication: v1('config/replicate'),
  placementRules: v1('config/rules'),
  removingProgress: v1('stores/progress?action=removing'),
  ready: { method: 'GET', path: '/pd/api/v2/ready' },
  maintenance: { method: 'GET', path: '/pd/api/v2/maintenance' },
} as const satisfies Record<string, Question>;

/** Followers pass requests on to the leader and answer 503 while there is none (PD v8.5 serverapi/middleware.go). */
const noLeader = 'there is no PD leader now';

/** PD behind `transport`. */
export function pdOver(transport: Transport): PdApi {
  const pd: Answerer = { product: 'PD', unavailable: noLeader, transport };
  return {
    members: (options) => ask(pd, questions.members, schemas.membersSchema, options?.signal),
    health: (options) => ask(pd, questions.health, schemas.healthSchema, options?.signal),
    stores: (options) => ask(pd, questions.stores, schemas.storesSchema, options?.signal),
    regionCount: (check, options) => countRegions(pd, check, options),
    regions: (check, options) => ask(pd, v1(`regions/check/${check}`), schemas.regionsSchema, options?.signal),
    schedulers: (options) => ask(pd, questions.schedulers, schemas.schedulersSchema, options?.signal),
    evictLeaderStores: (options) => evictLeaderStores(pd, options),
    replication: (options) => ask(pd, questions.replication, schemas.replicationSchema, options?.signal),
    placementRules: (options) => placementRules(pd, options),
    storeState: (id, state, options) => storeState(pd, { id, state }, options),
    endEviction: (id, options) => endEviction(pd, id, options),
    removingProgress: (options) => removingProgress(pd, options),
    ready: (options) => ready(pd, options),
    maintenance: maintenanceOf(pd),
    etcdMembers: (options) => etcdMembers(pd, options),
    updateMemberPeerUrls: (id, peerUrl, options) => updateMemberPeerUrls(pd, { id, peerUrl }, options),
    membersV2: (options) => membersV2(pd, options),
    updateMemberPeerUrlsV2: (id, peerUrl, options) => updateMemberPeerUrlsV2(pd, { id, peerUrl }, options),
  };
}

async function countRegions(pd: Answerer, check: RegionCheck, options: PdCallOptions | undefined): Promise<number> {
  const question = { ...v1(`regions/check/${check}`), headBytes: COUNT_HEAD_BYTES };
  const answer = await send(pd, question, options?.signal);
  if (!isSuccess(answer)) throw refused(pd, question, answer);
  const count = countHead.exec(answer.text)?.[1];
  if (count === undefined) throw new RunbookError('Unreachable', `PD (${pd.transport.name}) answered something unexpected to GET ${question.path}: it does not begin with a count`);
  return Number(count);
}

/** PD answers 404 when there is no such scheduler: nobody evicts leaders. */
async function evictLeaderStores(pd: Answerer, options: PdCallOptions | undefined): Promise<string[]> {
  const answer = await send(pd, questions.evictLeader, options?.signal);
  if (answer.status === 404) return [];
  if (!isSuccess(answer)) throw refused(pd, questions.evictLeader, answer);
  return read(pd, questions.evictLeader, answer.text, schemas.evictLeaderSchema);
}

/** 200 is yes and 500 is no (PD v8.5.2 server/apiv2/handlers/ready.go). */
async function ready(pd: Answerer, options: PdCallOptions | undefined): Promise<boolean | 'not-served'> {
  const answer = await send(pd, questions.ready, options?.signal);
  if (answer.status === 404) return 'not-served';
  if (answer.status === 500) return false;
  if (!isSuccess(answer)) throw refused(pd, questions.ready, answer);
  return true;
}

/** 412 is "placement rules feature is disabled" (PD v8.5 server/api/rule.go). */
async function placementRules(pd: Answerer, options: PdCallOptions | undefined): Promise<PlacementRule[] | 'disabled'> {
  const answer = await send(pd, questions.placementRules, options?.signal);
  if (answer.status === 412) return 'disabled';
  if (!isSuccess(answer)) throw refused(pd, questions.placementRules, answer);
  return read(pd, questions.placementRules, answer.text, schemas.placementRulesSchema);
}

/** 404 is an unknown store, 410 one that was removed for good; for a store that is Up PD does nothing (PD v8.5 server/api/store.go, RaftCluster.UpStore). */
async function storeState(pd: Answerer, { id, state }: { id: string; state: 'Up' }, options: PdCallOptions | undefined): Promise<void> {
  const question: Question = { ...v1(`store/${id}/state?state=${state}`), method: 'POST' };
  const answer = await send(pd, question, options?.signal);
  if (answer.status === 404) throw new RunbookError('NotFound', `PD (${pd.transport.name}) knows no store ${id}`);
  if (answer.status === 410) throw new RunbookError('NotFound', `Store ${id} is a Tombstone in PD (${pd.transport.name}): its removal cannot be taken back`);
  if (!isSuccess(answer)) throw refused(pd, question, answer);
}

/** PD takes the store out of the scheduler's list, and removes it with the last one (PD v8.5 server/api/scheduler.go DeleteScheduler). 404: there is none. */
async function endEviction(pd: Answerer, id: string, options: PdCallOptions | undefined): Promise<void> {
  const question: Question = { ...v1(`schedulers/evict-leader-scheduler-${id}`), method: 'DELETE' };
  const answer = await send(pd, question, options?.signal);
  if (answer.status !== 404 && !isSuccess(answer)) throw refused(pd, question, answer);
}

/** 404 is "no progress found" (PD v8.5 server/api/store.go GetStoresProgress). */
async function removingProgress(pd: Answerer, options: PdCallOptions | undefined): Promise<RemovingProgress | 'none'> {
  const answer = await send(pd, questions.removingProgress, options?.signal);
  if (answer.status === 404) return 'none';
  if (!isSuccess(answer)) throw refused(pd, questions.removingProgress, answer);
  return read(pd, questions.removingProgress, answer.text, schemas.removingProgressSchema);
}

/** A PD with this API answers 404 with a JSON string ("No maintenance task is running"), one without it with the router's plain text. */
const isServed404 = (text: string): boolean => text.trimStart().startsWith('"');

function maintenanceOf(pd: Answerer): Maintenance {
  const path = (task: { type: string; id: string }): string => `${questions.maintenance.path}/${encodeURIComponent(task.type)}/${encodeURIComponent(task.id)}`;
  return {
    async get(options): Promise<MaintenanceHeld> {
      const answer = await send(pd, questions.maintenance, options?.signal);
      if (answer.status === 404) return isServed404(answer.text) ? { state: 'free' } : { state: 'not-served' };
      if (!isSuccess(answer)) throw refused(pd, questions.maintenance, answer);
      const holder = read(pd, questions.maintenance, answer.text, schemas.maintenanceTasksSchema)[0];
      return holder ? { state: 'held', holder } : { state: 'free' };
    },
    async take({ description, ...task }, options): Promise<MaintenanceTaken> {
      const question: Question = { method: 'PUT', path: path(task), body: description };
      const answer = await send(pd, question, options?.signal);
      if (isSuccess(answer)) return { state: 'taken' };
      if (answer.status === 404) return { state: 'not-served' };
      if (answer.status !== 409) throw refused(pd, question, answer);
      const holder = read(pd, question, answer.text, schemas.maintenanceConflictSchema);
      // PD refuses a repetition by the holder as well.
      return holder?.type === task.type && holder.id === task.id ? { state: 'taken' } : { state: 'held-by-other', holder };
    },
    async release(task, options): Promise<void> {
      const question: Question = { method: 'DELETE', path: path(task) };
      const answer = await send(pd, question, options?.signal);
      const notOurs = answer.status === 404 || answer.status === 409;
      if (!isSuccess(answer) && !notOurs) throw refused(pd, question, answer);
    },
  };
}
