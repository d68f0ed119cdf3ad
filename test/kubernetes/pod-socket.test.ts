import { EventEmitter } from 'node:events';
import type { WebSocket } from 'ws';
import { PodSocket } from '../../src/kubernetes/pod-socket.ts';

/** The side of a WebSocket that PodSocket uses, with what it did to it. */
class ScriptedSocket extends EventEmitter {
  readonly done: string[] = [];
  readonly sent: { frame: Buffer; callback: (error?: Error) => void }[] = [];
  pause = (): void => void this.done.push('pause');
  resume = (): void => void this.done.push('resume');
  close = (code: number): void => void this.done.push(`close ${code}`);
  terminate = (): void => void this.done.push('terminate');
  send = (frame: Buffer, callback: (error?: Error) => void): void => void this.sent.push({ frame, callback });
}

const frame = (channel: number, payload: string | Buffer): Buffer => Buffer.concat([Buffer.of(channel), Buffer.from(payload)]);
const portBytes = Buffer.of(0x4b, 0x09);

let ws: ScriptedSocket;
let pod: PodSocket;
let failure: Error | undefined;

beforeEach(() => {
  ws = new ScriptedSocket();
  failure = undefined;
  pod = new PodSocket(ws as unknown as WebSocket, (reason) => new Error(`failed: ${reason}`));
  pod.on('error', (error) => (failure = error));
});

const settled = (): Promise<void> => new Promise((resolve) => pod.once('close', resolve));

it('takes the port off the first message of each channel, whether data follows in it or later', () => {
  ws.emit('message', frame(0, Buffer.concat([portBytes, Buffer.from('a')])));
  ws.emit('message', frame(1, portBytes));
  ws.emit('message', frame(0, 'b'));
  expect(String(pod.read())).toBe('ab');
});

it('takes no more messages while its reader is slow, and goes on when the reader does', () => {
  ws.emit('message', frame(0, portBytes));
  ws.emit('message', frame(0, 'x'.repeat(pod.readableHighWaterMark - 1)));
  expect(ws.done).not.toContain('pause');
  ws.emit('message', frame(0, 'xx'));
  expect(ws.done.at(-1)).toBe('pause');
  pod.read();
  pod.read();
  expect(ws.done.at(-1)).toBe('resume');
});

it('has written only when the network took it', () => {
  const written: string[] = [];
  pod.write('hello', () => written.push('hello'));
  pod.write('world', () => written.push('world'));
  expect(ws.sent.map((each) => String(each.frame))).toEqual(['\0hello']);
  expect(written).toEqual([]);
  ws.sent[0]?.callback();
  expect(ws.sent.map((each) => String(each.frame))).toEqual(['\0hello', '\0world']);
});

it('ends with the pod', async () => {
  const ended = new Promise((resolve) => pod.once('end', resolve));
  pod.resume();
  ws.emit('close', 1000);
  await ended;
  expect(failure).toBeUndefined();
});

it('fails with the kubelet\'s sentence, also when it comes in pieces and the end is orderly', async () => {
  ws.emit('message', frame(1, portBytes));
  ws.emit('message', frame(1, 'connection '));
  ws.emit('message', frame(1, 'refused\n'));
  ws.emit('close', 1000);
  await settled();
  expect(failure?.message).toBe('failed: connection refused');
});

it.each([
  ['is cut off', () => ws.emit('close', 1006), 'failed: the port-forward was cut off (WebSocket code 1006)'],
  ['breaks', () => ws.emit('error', new Error('ECONNRESET')), 'failed: ECONNRESET'],
])('fails when the WebSocket %s', async (_name, fault, message) => {
  fault();
  await settled();
  expect(failure?.message).toBe(message);
  expect(ws.done).toContain('terminate');
});

it('fails when a message cannot be sent', async () => {
  pod.write('hello');
  ws.sent[0]?.callback(new Error('not open'));
  await settled();
  expect(failure?.message).toBe('failed: not open');
});
