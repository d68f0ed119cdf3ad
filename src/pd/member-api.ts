/** Which of etcd's two member APIs a PD serves, and both in one shape. */
import { isRunbookError, RunbookError } from '../errors.ts';
import type { EtcdMember, PdApi, PdCallOptions } from './api.ts';

export interface MemberApi {
  /** v2 only where v3 is absent; `none`: both methods throw Unsupported. */
  readonly served: 'v3' | 'v2' | 'none';
  list(options?: PdCallOptions): Promise<EtcdMember[]>;
  /** Answers the list afterwards. Errors and dangers: `PdApi.updateMemberPeerUrls`. */
  updatePeerUrl(id: string, peerUrl: string, options?: PdCallOptions): Promise<EtcdMember[]>;
}

/** Finds out by listing: v3 first, because it is served by every PD unless somebody turned the gateway off. */
export async function memberApi(pd: PdApi, options?: PdCallOptions): Promise<MemberApi> {
  if (await isServed(() => pd.etcdMembers(options))) return overV3(pd);
  return (await isServed(() => pd.membersV2(options))) ? overV2(pd) : none;
}

async function isServed(list: () => Promise<EtcdMember[]>): Promise<boolean> {
  try {
    await list();
    return true;
  } catch (error) {
    if (isRunbookError(error, 'Unsupported')) return false;
    throw error;
  }
}

const overV3 = (pd: PdApi): MemberApi => ({
  served: 'v3',
  list: (options) => pd.etcdMembers(options),
  updatePeerUrl: (id, peerUrl, options) => pd.updateMemberPeerUrls(id, peerUrl, options),
});

const overV2 = (pd: PdApi): MemberApi => ({
  served: 'v2',
  list: (options) => pd.membersV2(options),
  async updatePeerUrl(id, peerUrl, options): Promise<EtcdMember[]> {
    await pd.updateMemberPeerUrlsV2(id, peerUrl, options);
    return pd.membersV2(options);
  },
});

const refuse = (): Promise<never> =>
  Promise.reject(new RunbookError('Unsupported', "PD serves neither etcd's v3 gateway nor its v2 members API: set enable-grpc-gateway to true in PD's configuration"));
const none: MemberApi = { served: 'none', list: refuse, updatePeerUrl: refuse };
