/** Reads etcd's own member list and everybody's health from each PD member for itself: one view may be old, or cut off (§5.6). */
import { isRunbookError, sentenceOf } from '../../errors.ts';
import type { PdApi } from '../../pd/api.ts';
import { memberApi } from '../../pd/member-api.ts';
import type { MemberApiView, MemberApiVoice } from '../../tidb/view.ts';

export interface Speaker {
  name: string;
  pd: PdApi;
}

type Heard = { served: MemberApiView['served']; voice?: MemberApiVoice } | { silent: string };

export async function readMemberApi(speakers: Speaker[], signal?: AbortSignal): Promise<MemberApiView> {
  const heard = await Promise.all(speakers.map((speaker) => hear(speaker, signal)));
  const said = heard.flatMap((each) => ('served' in each ? [each] : []));
  return {
    served: said.find((each) => each.served !== 'none')?.served ?? (said.length > 0 ? 'none' : 'v3'),
    voices: said.flatMap(({ voice }) => (voice ? [voice] : [])),
    silent: heard.flatMap((each) => ('silent' in each ? [each.silent] : [])),
  };
}

async function hear({ name, pd }: Speaker, signal?: AbortSignal): Promise<Heard> {
  const options = signal ? { signal } : {};
  try {
    const api = await memberApi(pd, options);
    if (api.served === 'none') return { served: 'none' };
    const [members, health] = await Promise.all([api.list(options), pd.health(options)]);
    return { served: api.served, voice: { by: name, members, unhealthy: members.map((each) => each.name).filter((each) => health.get(each) !== true) } };
  } catch (error) {
    if (!isRunbookError(error)) throw error;
    return { silent: sentenceOf(error) };
  }
}
