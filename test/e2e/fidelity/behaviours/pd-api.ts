/** PD's and etcd's own HTTP answers, as far as a runbook builds on them. The last ones ruin their PD. */
import type { Topic } from '../behaviour.ts';
import type { Ground } from '../ground.ts';
import { doomed, spread } from '../stages.ts';
import { isReady, ordinalOf } from '../subject.ts';
import type { Subject } from '../subject.ts';

interface EtcdMember {
  ID: string;
  name?: string;
  peerURLs: string[];
}

const safe = Number.MAX_SAFE_INTEGER;
const listPath = '/v3/cluster/member/list';
const updatePath = '/v3/cluster/member/update';

async function etcdMembers(subject: Subject): Promise<EtcdMember[]> {
  return (JSON.parse((await subject.pd(0, 'POST', listPath, {})).text) as { members: EtcdMember[] }).members;
}

async function ids(ground: Ground): Promise<string> {
  const { text } = await (await spread(ground)).east.pd(0, 'GET', '/pd/api/v1/members');
  const found = [...text.matchAll(/"member_id":\s*(\d+)/g)].map(([, digits]) => BigInt(digits ?? 0));
  return `${found.length > 0 ? 'member ids are JSON numbers' : 'no member ids as JSON numbers'}, ${found.some((id) => id > safe) ? 'too large for a double' : 'small'}`;
}

async function gateway(ground: Ground): Promise<string> {
  const subject = await doomed(ground);
  const members = await etcdMembers(subject);
  const [one, other] = members;
  const update = async (id: string, urls: string[]): Promise<number> => (await subject.pd(0, 'POST', updatePath, { ID: id, peerURLs: urls })).status;
  const kinds = members.every(({ ID }) => typeof ID === 'string' && /^\d+$/.test(ID)) ? 'decimal texts' : 'something else';
  const same = await update(one?.ID ?? '', one?.peerURLs ?? []);
  const taken = await update(one?.ID ?? '', other?.peerURLs ?? []);
  const unknown = await update('1', ['http://nobody.example:2380']);
  const hexadecimal = await update(BigInt(one?.ID ?? 0).toString(16).replace(/^\d*$/, 'a0'), ['http://nobody.example:2380']);
  return `ids are ${kinds}; own URL again ${same}, another's URL ${taken}, unknown id ${unknown}, hexadecimal id ${hexadecimal}`;
}

async function v2(ground: Ground): Promise<string> {
  const { status, text } = await (await doomed(ground)).pd(0, 'GET', '/v2/members');
  return `${status}: ${text.trim()}`;
}

async function missingPeers(ground: Ground): Promise<string> {
  const subject = await doomed(ground);
  const { text } = await subject.pd(0, 'GET', '/pd/api/v1/regions/check/miss-peer');
  const { count } = JSON.parse(text) as { count: number };
  return `${count > 0 ? 'some regions miss a peer' : 'none'}, Ready ${isReady(await subject.get()) ? 'True' : 'False'}`;
}

interface HalfJoined {
  entry: string;
  status: string;
  blocked: string;
}

/** An entry that was added and never started: what a PD that died while joining leaves behind. */
const halfJoined = (ground: Ground): Promise<HalfJoined> =>
  ground.once('half-joined member', async () => {
    const subject = await doomed(ground);
    await ground.until('a member was added', async () => (await subject.pd(0, 'POST', '/v3/cluster/member/add', { peerURLs: ['http://never.example:2380'] })).status === 200);
    await subject.quiet();
    const added = (await etcdMembers(subject)).find(({ name }) => !name);
    const { status } = await subject.get();
    const known = Object.keys({ ...(status.pd.members as object), ...(status.pd.peerMembers as object | undefined) }).length;
    const before = isReady(await subject.get()) ? 'True' : 'False';
    await subject.patch({ spec: { pd: { replicas: 4 } } });
    await ground.until('the pod of the fourth PD is there', async () => (await subject.list('pods')).some(({ metadata }) => String(metadata['name']).endsWith('-pd-3')));
    await subject.quiet();
    const isIn = async (): Promise<boolean> => (await etcdMembers(subject)).some(({ name }) => name !== undefined && ordinalOf(name) === '3');
    const early = await isIn();
    await subject.pd(0, 'POST', '/v3/cluster/member/remove', { ID: added?.ID });
    await ground.until('the fourth PD has joined', isIn);
    return { entry: added ? 'an entry without name' : 'no entry without name', status: `${known} members in status, Ready ${before}`, blocked: early ? 'a new PD joins beside it' : 'a new PD joins only when it is gone' };
  });

/**
 * What a peer URL that is none does: asked last, of a PD that is thrown away. The changed member itself is asked, since any other
 * one may die of the change before it has answered.
 */
async function garbage(ground: Ground): Promise<string> {
  const subject = await doomed(ground);
  await halfJoined(ground).catch(() => undefined);
  const victim = (await etcdMembers(subject)).find(({ name }) => name !== undefined && ordinalOf(name) === '1');
  const { status } = await subject.pd(1, 'POST', updatePath, { ID: victim?.ID, peerURLs: ['garbage'] });
  await ground.until('PD has no leader', async () => (await subject.report()).leader === null);
  // They die one after the other, as they apply the change.
  const onlyVictim = async (): Promise<boolean> => (await subject.report()).members.every(({ name, alive }) => !alive || ordinalOf(name) === '1');
  const othersDie = await ground.until('the others are dead', onlyVictim).catch(() => false);
  return `${status}; then only the changed member lives: ${othersDie ? 'yes' : 'no'}, nobody leads`;
}

export const pdApi: Topic = {
  'json-numbers': {
    title: 'Ids in PD’s API', source: '§5.5, §12.14', judge: 'database twin', reliedOnBy: 'PD client: ids are read from etcd’s gateway or as texts',
    documented: 'member ids are JSON numbers, too large for a double',
    observe: ids,
  },
};

export const pdApiOfDoomed: Topic = {
  'miss-peer': {
    title: 'Two TiKV and three replicas', source: '§12.15', judge: 'database twin', reliedOnBy: 'region guard: a shortage that cannot be mended is not waited for',
    documented: 'some regions miss a peer, Ready True',
    observe: missingPeers,
  },
  'v2-members': {
    title: '/v2/members of PD 8.4 and later', source: '§5.1, §12.11, #25', judge: 'etcd', reliedOnBy: 'migrateCluster: v3 first, v2 only where v3 is absent',
    documented: '404: 404 page not found',
    observe: v2,
  },
  'v3-gateway': {
    title: 'Answers of /v3/cluster/member/* (PD 8.4 and later, etcd 3.5)', source: '§5.4, §12.11, #25', judge: 'etcd', reliedOnBy: 'migrateCluster',
    documented: 'ids are decimal texts; own URL again 200, another\'s URL 400, unknown id 404, hexadecimal id 400',
    observe: gateway,
  },
};

export const lastOfDoomed: Topic = {
  'half-joined': {
    title: 'A half-joined member in etcd and in status', source: '§4.2, §12.10', judge: 'operator', reliedOnBy: 'checkCluster: status does not tell of it, PD’s member list does',
    documented: 'an entry without name; 3 members in status, Ready True',
    observe: async (ground) => {
      const { entry, status } = await halfJoined(ground);
      return `${entry}; ${status}`;
    },
  },
  'half-joined-blocks': {
    title: 'A half-joined member and the next join', source: '§4.2, §12.10', judge: 'database twin', reliedOnBy: 'one join at a time; checkCluster',
    documented: 'a new PD joins only when it is gone',
    observe: async (ground) => (await halfJoined(ground)).blocked,
  },
  'v3-garbage': {
    title: 'v3 accepts a peer URL that is none', source: '§5.4, §12.11', judge: 'etcd', reliedOnBy: 'migrateCluster: strict validation before every call',
    documented: '200; then only the changed member lives: yes, nobody leads',
    observe: garbage,
  },
};
