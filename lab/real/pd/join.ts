/** How a PD without data joins: what PD does with `--join` before its etcd starts (`PD/server/join/join.go`). */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartFailure } from '../../database/processes/process.ts';
import { addMember, agentFor, memberList } from './etcd-calls.ts';
import type { EtcdMember, Reach } from './etcd-calls.ts';

/** Under this name in the data directory PD remembers how it joined. */
const joinFile = (directory: string): string => join(directory, 'join');

export interface JoinSetting {
  directory: string;
  name: string;
  peerUrl: string;
  clientUrl: string;
  /** Client URLs of members, in the order in which they are tried. */
  through: string[];
  reach: Reach;
}

/** What `--initial-cluster` becomes. Throws StartFailure with PD's own words where PD ends. */
export async function prepareJoin(setting: JoinSetting): Promise<string> {
  const { directory, through, clientUrl } = setting;
  if (through.includes(clientUrl)) throw new StartFailure('join self is forbidden');
  if (existsSync(joinFile(directory))) return readFileSync(joinFile(directory), 'utf8');
  const initialCluster = await enter(setting).catch((error: unknown) => {
    throw error instanceof StartFailure ? error : new StartFailure(`join meet error: ${wordsOf(error)}`);
  });
  mkdirSync(directory, { recursive: true });
  writeFileSync(joinFile(directory), initialCluster);
  return initialCluster;
}

/** The peer URLs of the members with which it joined, as the start script passes them on at a restart. */
export function rememberedJoin(directory: string): string[] | undefined {
  if (!existsSync(joinFile(directory))) return undefined;
  return readFileSync(joinFile(directory), 'utf8').split(',').map((pair) => pair.split('=')[1] ?? '');
}

async function enter({ name, peerUrl, through, reach }: JoinSetting): Promise<string> {
  const agent = agentFor(reach);
  try {
    const url = await firstAnswering(through, (each) => memberList(each, agent));
    const { members } = await memberList(url, agent);
    refuseUnstarted(members);
    if (members.some((member) => member.name === name)) throw new StartFailure('missing data or join a duplicated pd');
    const { member: own } = await addMember(url, peerUrl, agent);
    const after = (await memberList(url, agent)).members.map((member) => (member.ID === own.ID ? { ...member, name } : member));
    refuseUnstarted(after);
    return after.flatMap((member) => (member.peerURLs ?? []).map((each) => `${member.name}=${each}`)).join(',');
  } finally {
    await agent.close();
  }
}

function refuseUnstarted(members: EtcdMember[]): void {
  if (members.some((member) => !member.name)) throw new StartFailure('there is a member that has not joined successfully');
}

async function firstAnswering(urls: string[], ask: (url: string) => Promise<unknown>): Promise<string> {
  let last: unknown;
  for (const url of urls) {
    try {
      await ask(url);
      return url;
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

const wordsOf = (error: unknown): string => (error instanceof Error ? ((error.cause as Error | undefined)?.message ?? error.message) : String(error));
