/** Calls to an etcd over its JSON gateway, which every PD serves on its client port too. Ids are texts of digits. */
import type { LookupFunction } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { Dispatcher } from 'undici';
import type { ServerTls } from '../../database/http-routes.ts';

/** A member that hangs must not hold up the others. Milliseconds. */
const patience = 3_000;
/** For connection, headers and body together; also for a request that stands in a queue, of which no other time-out knows. */
const wholePatience = 10_000;
const redirects = 300;

export interface EtcdMember {
  ID: string;
  /** Absent until the member has started for the first time. */
  name?: string;
  peerURLs?: string[];
  clientURLs?: string[];
}
export interface MemberList {
  header: { cluster_id: string; member_id: string };
  members: EtcdMember[];
}
export interface EtcdStatus {
  header: { cluster_id: string; member_id: string };
  /** Absent or "0" while this member knows no leader. */
  leader?: string;
}

export interface Reach {
  /** Resolves names as the caller's cluster does; without it only addresses are understood. */
  lookup?: LookupFunction;
  tls?: ServerTls | undefined;
}

/** For calls by address, without TLS. */
const plain = new Agent({ connect: { timeout: patience } });

export const agentFor = ({ lookup, tls }: Reach): Agent => new Agent({ connect: { timeout: patience, ...(lookup ? { lookup } : {}), ...tls } });

/** Rejects with etcd's sentence when it refuses. */
export async function etcdCall(url: string, path: string, body: object, dispatcher: Dispatcher = plain): Promise<unknown> {
  const late = delay(wholePatience, undefined, { ref: false }).then(() => Promise.reject(new Error(`${path} was not answered within ${wholePatience} ms`)));
  return Promise.race([send(url, path, body, dispatcher), late]);
}

async function send(url: string, path: string, body: object, dispatcher: Dispatcher): Promise<unknown> {
  const answer = await request(`${url}${path}`, { method: 'POST', body: JSON.stringify(body), dispatcher, headersTimeout: patience, bodyTimeout: patience });
  const text = await answer.body.text();
  if (answer.statusCode >= redirects) throw new Error(messageIn(text) ?? `${path} was answered with ${answer.statusCode}`);
  return JSON.parse(text);
}

export const etcdStatus = async (url: string): Promise<EtcdStatus> => (await etcdCall(url, '/v3/maintenance/status', {})) as EtcdStatus;
export const memberList = async (url: string, dispatcher?: Dispatcher): Promise<MemberList> => (await etcdCall(url, '/v3/cluster/member/list', {}, dispatcher)) as MemberList;
export const addMember = async (url: string, peerUrl: string, dispatcher?: Dispatcher): Promise<{ member: EtcdMember }> =>
  (await etcdCall(url, '/v3/cluster/member/add', { peerURLs: [peerUrl] }, dispatcher)) as { member: EtcdMember };
export const removeMember = async (url: string, id: bigint): Promise<unknown> => etcdCall(url, '/v3/cluster/member/remove', { ID: String(id) });
export const moveLeader = async (url: string, to: bigint): Promise<unknown> => etcdCall(url, '/v3/maintenance/transfer-leadership', { targetID: String(to) });

const base64 = (text: string): string => Buffer.from(text).toString('base64');
export const putKey = async (url: string, key: string, value: string): Promise<unknown> => etcdCall(url, '/v3/kv/put', { key: base64(key), value: base64(value) });

function messageIn(text: string): string | undefined {
  try {
    return (JSON.parse(text) as { message?: string }).message;
  } catch {
    return undefined;
  }
}
