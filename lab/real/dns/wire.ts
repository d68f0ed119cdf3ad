/** The wire format of DNS (RFC 1035), as much as a server of names and addresses needs: one question, answers of type A or PTR. */

/** Record types that resolvers ask for. */
export const types = { a: 1, ptr: 12, aaaa: 28 } as const;
const internet = 1;
const headerBytes = 12;
/** Response, authoritative, recursion desired and available. */
const responseFlags = 0x8580;
const recursionDesired = 0x0100;
const codes = { found: 0, noSuchName: 3 } as const;
/** Points to the question's name, which follows the header. */
const pointerToQuestion = 0xc00c;
const pointerMark = 0xc0;
/** As CoreDNS's. Seconds. */
const timeToLive = 5;

export interface Question {
  id: number;
  /** Without the last dot, in small letters. */
  name: string;
  type: number;
  recursion: boolean;
}

/** `undefined` when there is no such name; an empty list when the name exists without records of this type. */
export type Answers = string[] | undefined;

/** Undefined for anything that is not a plain query. */
export function parseQuery(message: Buffer): Question | undefined {
  const isQuery = message.length > headerBytes && (message.readUInt8(2) & 0xf8) === 0 && message.readUInt16BE(4) === 1;
  if (!isQuery) return undefined;
  const labels: string[] = [];
  let at = headerBytes;
  for (let length = message.readUInt8(at); length !== 0; length = message.readUInt8(at)) {
    if (length >= pointerMark || at + length + 1 >= message.length) return undefined;
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  if (at + 3 > message.length) return undefined;
  return { id: message.readUInt16BE(0), name: labels.join('.').toLowerCase(), type: message.readUInt16BE(at + 1), recursion: (message.readUInt16BE(2) & recursionDesired) !== 0 };
}

export function answerMessage(question: Question, answers: Answers): Buffer {
  const records = (answers ?? []).map((answer) => record(question.type, answer));
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(question.id, 0);
  header.writeUInt16BE(responseFlags | (answers ? codes.found : codes.noSuchName), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, nameBytes(question.name), numbers(question.type, internet), ...records]);
}

function record(type: number, answer: string): Buffer {
  const data = type === types.ptr ? nameBytes(answer) : Buffer.from(answer.split('.').map(Number));
  return Buffer.concat([numbers(pointerToQuestion, type, internet, 0, timeToLive, data.length), data]);
}

const nameBytes = (name: string): Buffer => Buffer.concat([...name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label, 'latin1')])), Buffer.from([0])]);

/** Each as 16 bits, big end first. */
function numbers(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value, index * 2);
  return bytes;
}
