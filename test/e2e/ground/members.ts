/** PD's membership as the first PD in east tells it: etcd's own list, and the members' health in PD's own view. */
import type { Scenario } from '../../faults/scenario.ts';
import { askPd } from './pd.ts';
import type { PdCall } from './pd.ts';

export type Tls = PdCall['tls'];

export interface Member {
  ID: string;
  name: string;
  peerURLs: string[];
  clientURLs: string[];
}

/** Over etcd's gRPC gateway, which answers without a leader too. */
export async function membersOf(scenario: Scenario, tls?: Tls): Promise<Member[]> {
  const { text } = await askPd(scenario, 'east', { method: 'POST', path: '/v3/cluster/member/list', body: {}, ...(tls ? { tls } : {}) });
  return (JSON.parse(text) as { members: Member[] }).members;
}

export async function healthOf(scenario: Scenario, tls?: Tls): Promise<boolean[]> {
  const { text } = await askPd(scenario, 'east', { path: '/pd/api/v1/health', ...(tls ? { tls } : {}) });
  return (JSON.parse(text) as { health: boolean }[]).map(({ health }) => health);
}
