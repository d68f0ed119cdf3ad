/** PD's HTTP API on one member's client port, as the version of that member serves it. */
import { z } from 'zod';
import type { Database } from './database.ts';
import { etcdRoutes } from './etcd-routes.ts';
import { dispatch, route } from './http-routes.ts';
import type { Answer, Call, Route } from './http-routes.ts';
import type { Member } from './model.ts';
import { evictedStores, healthBody, memberBody, membersBody, replicateBody, rulesBody, schedulerNames } from './pd-bodies.ts';
import { maintenanceRoutes } from './pd-maintenance.ts';
import { regionRoutes } from './pd-region-routes.ts';
import { storeRoutes } from './pd-store-routes.ts';
import { atLeast } from './versions.ts';

/** One PD process: the database it serves and its own entry in the member list. */
export interface PdSeat {
  database: Database;
  member: Member;
  startedAt: number;
}

/** Paths that a follower answers itself (`PD/pkg/utils/apiutil/serverapi/middleware.go:v8.5.7`); all others go to the leader. */
const localPaths = /^\/(pd\/api\/v1\/(status|health|ping|version|config)|pd\/api\/v2\/ready|v2\/.*|v3\/.*)$/;
const readySince = 'v8.5.2';

/** Answers a call to this member, unless a fault holds it for ever. */
export async function answerPd(seat: PdSeat, call: Omit<Call, 'parts'>): Promise<Answer> {
  const { database, member } = seat;
  const { method, url, body } = call;
  const moment = database.disturbances.callHeld(member, `${method} ${url.pathname} ${body}`);
  if (moment === undefined) return answerNow(seat, call);
  if (moment === 'after') await answerNow(seat, call);
  database.writeHeld(member, { moment, method, path: url.pathname, body });
  return new Promise(() => undefined);
}

/** All members share one state: a follower that passes on to the leader answers the same. */
async function answerNow(seat: PdSeat, call: Omit<Call, 'parts'>): Promise<Answer> {
  const { database } = seat;
  if (database.disturbances.memberUnhealthy(seat.member)) return { status: 500, text: 'server is unhealthy\n' };
  if (!localPaths.test(call.url.pathname) && !database.members.leader) return { status: 503, text: 'no leader\n' };
  return dispatch(routesOf(seat), call);
}

function routesOf(seat: PdSeat): Route[] {
  const { database } = seat;
  return [
    ...localRoutes(seat), ...memberRoutes(database), ...configRoutes(database), ...schedulerRoutes(database),
    ...storeRoutes(database), ...regionRoutes(database), ...maintenanceRoutes(database, seat.member.version), ...etcdRoutes(seat),
  ];
}

function localRoutes({ database, member, startedAt }: PdSeat): Route[] {
  const own = { build_ts: '2025-01-01 00:00:00', version: member.version, git_hash: '0123456789abcdef', start_timestamp: Math.floor(startedAt / 1_000) };
  return [
    route('GET', /^\/pd\/api\/v1\/status$/, () => ({ json: own })),
    route('GET', /^\/pd\/api\/v1\/version$/, () => ({ json: { version: member.version } })),
    route('GET', /^\/pd\/api\/v1\/ping$/, () => ({})),
    route('GET', /^\/pd\/api\/v1\/health$/, () => ({ json: healthBody(database) })),
    route('GET', /^\/pd\/api\/v2\/ready$/, ({ url }) => readyAnswer(member, url)),
  ];
}

function readyAnswer(member: Member, url: URL): Answer {
  if (!atLeast(member.version, readySince)) return { status: 404, text: '404 page not found' };
  return url.searchParams.has('verbose') ? { json: { region_loaded: true } } : {};
}

function memberRoutes(database: Database): Route[] {
  const { members } = database;
  return [
    route('GET', /^\/pd\/api\/v1\/members$/, () => ({ json: membersBody(database) })),
    route('DELETE', /^\/pd\/api\/v1\/members\/name\/([^/]+)$/, ({ parts }) => deleteMember(database, parts[0] ?? '')),
    route('GET', /^\/pd\/api\/v1\/leader$/, () => ({ json: members.leader && memberBody(members.leader) })),
    route('POST', /^\/pd\/api\/v1\/leader\/transfer\/([^/]+)$/, ({ parts }) => transferLeader(database, parts[0] ?? '')),
    route('GET', /^\/pd\/api\/v1\/cluster$/, () => ({ json: { id: database.clusterId, max_peer_count: database.maxReplicas } })),
    route('GET', /^\/pd\/api\/v1\/cluster\/status$/, () => ({
      json: { raft_bootstrap_time: new Date(database.bootstrapped).toISOString(), is_initialized: database.stores.all.size > 0, replication_status: '' },
    })),
  ];
}

function transferLeader(database: Database, name: string): Answer {
  if (!database.transferLeader(name)) return { status: 500, json: `[PD:member:ErrEtcdLeaderNotFound]failed to transfer leader to ${name}` };
  return { json: 'The transfer command is submitted.' };
}

function deleteMember(database: Database, name: string): Answer {
  const member = database.members.named(name);
  if (!member) return { status: 404, json: `not found, pd: ${name}` };
  database.removeMember(member);
  return { json: `removed, pd: ${name}` };
}

function configRoutes(database: Database): Route[] {
  return [
    route('GET', /^\/pd\/api\/v1\/config$/, () => ({ json: { replication: replicateBody(database) } })),
    route('GET', /^\/pd\/api\/v1\/config\/replicate$/, () => ({ json: replicateBody(database) })),
    route('POST', /^\/pd\/api\/v1\/config\/replicate$/, ({ body }) => setReplication(database, body)),
    route('GET', /^\/pd\/api\/v1\/config\/rules$/, () => withRules(database, () => rulesBody(database))),
    route('GET', /^\/pd\/api\/v1\/config\/rules\/group\/([^/]+)$/, ({ parts }) => withRules(database, () => rulesBody(database, parts[0]))),
    route('GET', /^\/pd\/api\/v1\/config\/placement-rule$/, () => withRules(database, () =>
      [...new Set(database.rules.map((rule) => rule.group_id))].map((group) => ({ group_id: group, group_index: 0, group_override: false, rules: rulesBody(database, group) })))),
  ];
}

const withRules = (database: Database, body: () => object): Answer =>
  database.configuration.rulesEnabled ? { json: body() } : { status: 412, json: 'placement rules feature is disabled' };

const replication = z.object({ 'max-replicas': z.number().optional(), 'location-labels': z.string().optional(), 'isolation-level': z.string().optional() });

function setReplication(database: Database, body: string): Answer {
  const { 'max-replicas': maxReplicas, 'location-labels': labels, 'isolation-level': isolationLevel } = replication.parse(JSON.parse(body));
  database.configuration.change({ maxReplicas, isolationLevel, locationLabels: labels?.split(',').filter(Boolean) });
  return { json: 'The replicate config is updated.' };
}

function schedulerRoutes(database: Database): Route[] {
  return [
    route('GET', /^\/pd\/api\/v1\/schedulers$/, () => ({ json: schedulerNames(database) })),
    route('POST', /^\/pd\/api\/v1\/schedulers$/, ({ body }) => addScheduler(database, body)),
    route('DELETE', /^\/pd\/api\/v1\/schedulers\/evict-leader-scheduler-(\d+)$/, ({ parts }) => {
      database.endEviction(Number(parts[0]));
      return { json: 'The scheduler is removed.' };
    }),
    route('GET', /^\/pd\/api\/v1\/scheduler-config\/evict-leader-scheduler\/list$/, () => evictionList(database)),
    route('GET', /^\/pd\/api\/v1\/operators$/, () => ({ json: [] })),
  ];
}

function addScheduler(database: Database, body: string): Answer {
  const { name, store_id: store } = JSON.parse(body) as { name: string; store_id: number };
  if (name !== 'evict-leader-scheduler' || !database.stores.all.has(store)) return { status: 400, json: `cannot create scheduler ${name}` };
  database.evict(store);
  return { json: 'The scheduler is created.' };
}

/** PD answers 404 while the scheduler does not exist. */
function evictionList(database: Database): Answer {
  const stores = evictedStores(database);
  if (stores.length === 0) return { status: 404, text: 'scheduler not found' };
  return { json: { 'store-id-ranges': Object.fromEntries(stores.map((id) => [id, [{ 'start-key': '', 'end-key': '' }]])) } };
}
