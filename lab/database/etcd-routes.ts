/** etcd's member API on PD's client port: the v3 gateway everywhere, v2 only before PD 8.4. */
import { route } from './http-routes.ts';
import type { Answer, Call, Route } from './http-routes.ts';
import type { Database } from './database.ts';
import type { Member } from './model.ts';
import { isSoundUrl } from './peer-names.ts';
import type { PdSeat } from './pd-routes.ts';
import { atLeast } from './versions.ts';

/** PD 8.4 came with etcd 3.5, whose v2 API is off (PR tikv/pd#8536). */
const lastV2 = 'v8.4.0';
const hexadecimal = 16;

export function etcdRoutes({ database, member }: PdSeat): Route[] {
  const unlessOff = (answer: Route['answer']) => (call: Call): Answer | Promise<Answer> => (database.disturbances.gatewayOff() ? notServed : answer(call));
  return [
    route('POST', /^\/v3\/cluster\/member\/list$/, unlessOff(() => ({ json: listBody(database, member) }))),
    route('POST', /^\/v3\/cluster\/member\/add$/, unlessOff((call) => add(database, member, call))),
    route('POST', /^\/v3\/cluster\/member\/update$/, unlessOff((call) => update(database, member, call))),
    route('POST', /^\/v3\/cluster\/member\/remove$/, unlessOff((call) => remove(database, member, call))),
    ...(atLeast(member.version, lastV2) ? [] : v2Routes(database)),
  ];
}

const notServed: Answer = { status: 404, text: '404 page not found\n' };

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

/** A change waits for a leader as long as its client does (seen on 3.4.23 and 3.5.1 over the gateway). Here it is forgotten: the client is gone by then. */
const noAnswer = new Promise<never>(() => undefined);

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

/** As the real one, this accepts any text as URL; `Database.moveMember` has what the other members then do. */
function update(database: Database, answering: Member, { body }: Call): Answer | Promise<Answer> {
  const { peerURLs: urls = [] } = JSON.parse(body) as { peerURLs?: string[] };
  const member = named(database, body);
  if (!('peerUrls' in member)) return member;
  if (!database.members.leader) return noAnswer;
  if (isTaken(database, member, urls)) return taken(answering);
  database.moveMember(member, urls);
  // An empty list makes the others panic before they answer.
  if (urls.length === 0 && member !== answering) throw new Error('panic: the connection is cut');
  return { json: listBody(database, answering) };
}

const isTaken = (database: Database, member: Member, urls: string[]): boolean =>
  database.members.all.some((one) => one !== member && one.peerUrls.some((url) => urls.includes(url)));

function v2Routes(database: Database): Route[] {
  const body = (one: Member): object => ({ id: one.id.toString(hexadecimal), name: one.name, peerURLs: one.peerUrls, clientURLs: one.clientUrls });
  return [
    route('GET', /^\/v2\/members$/, () => ({ json: { members: database.members.all.map(body) } })),
    route('GET', /^\/v2\/members\/leader$/, () => (database.members.leader ? { json: body(database.members.leader) } : { status: 503, text: 'no leader' })),
    route('PUT', /^\/v2\/members\/([0-9a-f]+)$/, (call) => updateV2(database, call)),
  ];
}

/** v2 looks at what it gets, unlike v3. */
function updateV2(database: Database, { parts, body, contentType = 'application/json' }: Call): Answer {
  const message = (status: number, text: string): Answer => ({ status, json: { message: text } });
  if (contentType !== 'application/json') return message(415, `Bad Content-Type ${contentType}, accept application/json`);
  const member = database.members.all.find((one) => one.id.toString(hexadecimal) === parts[0]);
  if (!member) return message(404, `No such member: ${parts[0]}`);
  const { peerURLs: urls } = JSON.parse(body) as { peerURLs: string[] };
  const wrong = urls.find((url) => !isSoundUrl(url));
  if (wrong !== undefined) return message(400, `URL scheme must be http, https, unix, or unixs: ${wrong}`);
  if (isTaken(database, member, urls)) return message(409, 'membership: peerURL exists');
  // The real one says so after 7 s (seen on 3.4.23).
  if (!database.members.leader) return message(500, 'Internal Server Error');
  database.moveMember(member, urls);
  return { status: 204 };
}
