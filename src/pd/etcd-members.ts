/**
 * Membership of the etcd inside PD, on PD's client port: the v3 gateway, and the v2 API of PD before 8.4. Statuses and bodies were seen on etcd
 * 3.4.23 (§5.2–5.4) and PD 8.5.4 (observed.md 25).
 */
import { RunbookError } from '../errors.ts';
import { isSuccess, read, refused, send } from './ask.ts';
import type { Answerer, Question } from './ask.ts';
import type { EtcdMember, PdCallOptions } from './api.ts';
import { etcdMembersSchema, gatewayErrorSchema, membersV2Schema } from './schemas.ts';
import type { TransportAnswer } from './transport.ts';

/** Which member shall have which peer URL. */
interface Wish {
  /** Decimal string. */
  id: string;
  peerUrl: string;
}

const listV3: Question = { method: 'POST', path: '/v3/cluster/member/list', body: '{}' };
const listV2: Question = { method: 'GET', path: '/v2/members' };
/** gRPC's code for "not found". */
const MEMBER_NOT_FOUND = 5;
const HEXADECIMAL = 16;

export async function etcdMembers(pd: Answerer, options: PdCallOptions | undefined): Promise<EtcdMember[]> {
  const answer = await send(pd, listV3, options?.signal);
  if (answer.status === 404) throw gatewayOff(pd);
  if (!isSuccess(answer)) throw refused(pd, listV3, answer);
  return read(pd, listV3, answer.text, etcdMembersSchema);
}

/** The id goes as text: as a JSON number it would be rounded on its way. */
export async function updateMemberPeerUrls(pd: Answerer, wish: Wish, options: PdCallOptions | undefined): Promise<EtcdMember[]> {
  const question: Question = { method: 'POST', path: '/v3/cluster/member/update', body: JSON.stringify({ ID: decimalId(wish.id), peerURLs: [wish.peerUrl] }) };
  const answer = await send(pd, question, options?.signal);
  if (answer.status === 404 && !isJsonObject(answer)) throw gatewayOff(pd);
  if (answer.status === 404 && read(pd, question, answer.text, gatewayErrorSchema).code === MEMBER_NOT_FOUND) throw unknownMember(pd, wish);
  if (answer.status === 412) throw urlTaken(pd, wish);
  if (!isSuccess(answer)) throw refused(pd, question, answer);
  return read(pd, question, answer.text, etcdMembersSchema);
}

export async function membersV2(pd: Answerer, options: PdCallOptions | undefined): Promise<EtcdMember[]> {
  const answer = await send(pd, listV2, options?.signal);
  if (answer.status === 404) throw v2Absent(pd);
  if (!isSuccess(answer)) throw refused(pd, listV2, answer);
  return read(pd, listV2, answer.text, membersV2Schema);
}

/** v2 names members in hexadecimal without leading zeros. */
export async function updateMemberPeerUrlsV2(pd: Answerer, wish: Wish, options: PdCallOptions | undefined): Promise<void> {
  const id = BigInt(decimalId(wish.id)).toString(HEXADECIMAL);
  const question: Question = { method: 'PUT', path: `/v2/members/${id}`, body: JSON.stringify({ peerURLs: [wish.peerUrl] }) };
  const answer = await send(pd, question, options?.signal);
  if (answer.status === 404) throw isJsonObject(answer) ? unknownMember(pd, wish) : v2Absent(pd);
  if (answer.status === 409) throw urlTaken(pd, wish);
  if (answer.status === 400) throw new RunbookError('InvalidInput', `PD (${pd.transport.name}) does not accept "${wish.peerUrl}" as a peer URL`);
  if (!isSuccess(answer)) throw refused(pd, question, answer);
}

function decimalId(id: string): string {
  if (!/^\d+$/.test(id)) throw new RunbookError('InvalidInput', `"${id}" is not the decimal id of a PD member`);
  return id;
}

/** The router's own 404 is plain text. */
const isJsonObject = ({ text }: TransportAnswer): boolean => text.trimStart().startsWith('{');

const gatewayOff = (pd: Answerer): RunbookError =>
  new RunbookError('Unsupported', `PD (${pd.transport.name}) does not serve etcd's HTTP gateway: set enable-grpc-gateway to true in PD's configuration`);

const v2Absent = (pd: Answerer): RunbookError =>
  new RunbookError('Unsupported', `PD (${pd.transport.name}) does not serve etcd's v2 members API, which ended with PD 8.4`);

const unknownMember = (pd: Answerer, { id }: Wish): RunbookError => new RunbookError('NotFound', `PD (${pd.transport.name}) has no member ${id}`);

const urlTaken = (pd: Answerer, { id, peerUrl }: Wish): RunbookError =>
  new RunbookError('InvalidInput', `PD (${pd.transport.name}) did not give member ${id} the peer URL ${peerUrl}: another member has it`);
