/** etcd's member API on PD's client port: the v3 gateway everywhere, v2 only before PD 8.4. */
import { route } from './http-routes.ts';
import type { Answer, Call, Route } from './http-routes.ts';
import type { Database } from './database.ts';
import type { Member } from './model.ts';
import type { PdSeat } from './pd-routes.ts';
import { atLeast } from './versions.ts';

/** PD 8.4 came with etcd 3.5, whose v2 API is off (PR tikv/pd#8536). */
const lastV2 = 'v8.4.0';
const hexadecimal = 16;

export function etcdRoutes({ database, member }: PdSeat): Route[] {
  return [
    route('POST', /^\/v3\/cluster\/member\/list$/, () => ({ json: listBody(database, member) })),
    route('POST', /^\/v3\/cluster\/member\/add$/, (call) => add(database, member, call)),
    route('POST', /^\/v3\/cluster\/member\/update$/, (call) => update(database, member, call)),
    route('POST', /^\/v3\/cluster\/member\/remove$/, (call) => remove(database, member, call)),
    ...(atLeast(member.version, lastV2) ? [] : v2Routes(database)),
  ];
}

const header = (database: Database, member: Member): object => ({ cluster_id: String(database.clusterId), member_id: String(member.id), raft_term: '2' });

const listBody = (database: Database, member: Member): object => ({
  header: header(database, member),
  members: database.members.all.map((one) => ({
    ID: String(one.id),
    ...(one.name ? { name: one.name, clientURLs: one.clientUrls } : {}),
    peerURLs: one.peerUrls,
  })),
});

const failure = (status: number, code: number, message: string): Answer => ({ status, json: { error: message, message, code } });

/** The gateway of etcd 3.5 answers 400 to a failed precondition, that of 3.4 answered 412 (seen on both). */
const taken = ({ version }: Member): Answer => failure(atLeast(version, lastV2) ? 400 : 412, 9, 'etcdserver: Peer URLs already exists');

/** The member that a call names, or the refusal. */
function named(database: Database, body: string): Member | Answer {
  // The digits as they were sent: a number in the text would be rounded by JSON.parse.
  const id = /"ID"\s*:\s*"?([^",}\s]*)/.exec(body)?.[1] ?? '';
  if (!/^\d+$/.test(id)) return failure(400, 3, "invalid character 'e' after top-level value");
  return database.members.all.find((one) => String(one.id) === id) ?? failure(404, 5, 'etcdserver: member not found');
}

/** The entry has no name and counts in the quorum until a process starts as it, which here none does: a half-joined member. */
function add(database: Database, answering: Member, { body }: Call): Answer {
  const [url = ''] = (JSON.parse(body) as { peerURLs?: string[] }).peerURLs ?? [];
  if (database.members.all.some(({ peerUrls }) => peerUrls.includes(url))) return taken(answering);
  database.members.add({ origin: answering.origin, name: '', peerUrl: url, clientUrl: '', version: answering.version });
  return { json: listBody(database, answering) };
}

function remove(database: Database, answering: Member, { body }: Call): Answer {
  const member = named(database, body);
  if (!('peerUrls' in member)) return member;
  database.removeMember(member);
  return { json: listBody(database, answering) };
}

/** As the real one, this accepts any text as URL. What the other members then do is in `harm`. */
function update(database: Database, answering: Member, { body }: Call): Answer {
  const { peerURLs: urls } = JSON.parse(body) as { peerURLs?: string[] };
  const member = named(database, body);
  if (!('peerUrls' in member)) return member;
  if (isTaken(database, member, urls ?? [])) return taken(answering);
  member.peerUrls = urls ?? [];
  harm(database, member);
  return { json: listBody(database, answering) };
}

const isTaken = (database: Database, member: Member, urls: string[]): boolean =>
  database.members.all.some((one) => one !== member && one.peerUrls.some((url) => urls.includes(url)));

/** A malformed peer URL, or none, makes every other member panic now and at every restart (`tested`, etcd 3.4 and 3.5). */
function harm(database: Database, changed: Member): void {
  const isSound = changed.peerUrls.length > 0 && changed.peerUrls.every((url) => /^https?:\/\/[^\s/${}]+:\d+$/.test(url));
  if (isSound) return;
  for (const member of database.members.all) if (member !== changed) database.stopMember(member);
}

function v2Routes(database: Database): Route[] {
  const body = (one: Member): object => ({ id: one.id.toString(hexadecimal), name: one.name, peerURLs: one.peerUrls, clientURLs: one.clientUrls });
  return [
    route('GET', /^\/v2\/members$/, () => ({ json: { members: database.members.all.map(body) } })),
    route('GET', /^\/v2\/members\/leader$/, () => (database.members.leader ? { json: body(database.members.leader) } : { status: 503, text: 'no leader' })),
    route('PUT', /^\/v2\/members\/([0-9a-f]+)$/, (call) => updateV2(database, call)),
  ];
}

function updateV2(database: Database, { parts, body }: Call): Answer {
  const member = database.members.all.find((one) => one.id.toString(hexadecimal) === parts[0]);
  if (!member) return { status: 404, json: { message: `No such member: ${parts[0]}` } };
  const urls = (JSON.parse(body) as { peerURLs: string[] }).peerURLs;
  const wrong = urls.find((url) => !/^https?:\/\/[^\s/${}]+:\d+$/.test(url));
  if (wrong !== undefined) return { status: 400, json: { message: `URL scheme must be http, https, unix, or unixs: ${wrong}` } };
  if (isTaken(database, member, urls)) return { status: 409, json: { message: 'membership: peerURL exists' } };
  member.peerUrls = urls;
  return { status: 204 };
}
