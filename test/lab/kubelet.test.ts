/** The kubelet endpoint by itself: who may call it, SPDY's frames and headers, slow readers. The way through a real API server is in control-plane.test.ts. */
import fc from 'fast-check';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { constants, createDeflate } from 'node:zlib';
import { Agent, request } from 'undici';
import { WebSocket } from 'ws';
import { LabAuthority } from '../../lab/control-plane/certificates.ts';
import type { KeyPair } from '../../lab/control-plane/certificates.ts';
import { startKubelet } from '../../lab/kubelet/kubelet.ts';
import type { Kubelet } from '../../lab/kubelet/kubelet.ts';
import { FrameReader, controlFrame, dataFrames, fin } from '../../lab/kubelet/spdy-frames.ts';
import type { Frame } from '../../lab/kubelet/spdy-frames.ts';
import { spdyDictionary } from '../../lab/kubelet/spdy-dictionary.ts';
import { HeaderReader } from '../../lab/kubelet/spdy-headers.ts';

let kubelet: Kubelet;
let ca: string;
let client: KeyPair;
let pod: Server;
let dialPod: () => Duplex = () => connect((pod.address() as AddressInfo).port, '127.0.0.1');

beforeAll(async () => {
  const authority = await LabAuthority.create('test');
  ca = authority.certificate;
  client = await authority.issueClient({ user: 'kube-apiserver' });
  pod = createServer({ allowHalfOpen: true }, (socket) => socket.end('whole answer')).listen(0, '127.0.0.1');
  const tls = { ...(await authority.issueServer('kubelet')), ca };
  kubelet = await startKubelet({ tls, dial: (_namespace, name) => (name === 'gone' ? undefined : dialPod()), log: (_namespace, name) => (name === 'gone' ? undefined : { lines: ['a', 'b', 'c'], subscribe: () => () => undefined }) });
});
afterAll(async () => {
  await kubelet.stop();
  pod.close();
});

const get = async (path: string, credentials: Partial<KeyPair> = client): Promise<{ status: number; text: string }> => {
  const dispatcher = new Agent({ connect: { ca, ...credentials } });
  try {
    const { statusCode, body } = await request(`https://127.0.0.1:${kubelet.port}${path}`, { dispatcher });
    return { status: statusCode, text: await body.text() };
  } finally {
    await dispatcher.destroy();
  }
};

const forward = (name: string): WebSocket => new WebSocket(`wss://127.0.0.1:${kubelet.port}/portForward/default/${name}?port=2379`, 'v4.channel.k8s.io', { ca, ...client });

it('serves only clients with a certificate of its authority', async () => {
  await expect(get('/containerLogs/default/p/c', {})).rejects.toThrow();
  const stranger = await (await LabAuthority.create('stranger')).issueClient({ user: 'kube-apiserver' });
  await expect(get('/containerLogs/default/p/c', stranger)).rejects.toThrow();
});

it.each([
  ['', 'a\nb\nc\n'],
  ['?tailLines=1', 'c\n'],
  ['?tailLines=0', ''],
  ['?tailLines=9', 'a\nb\nc\n'],
])('gives the log with the query "%s"', async (query, text) => {
  expect(await get(`/containerLogs/default/p/c${query}`)).toEqual({ status: 200, text });
});

it('answers 404 for a container that it does not know, and for anything else', async () => {
  expect((await get('/containerLogs/default/gone/c')).status).toBe(404);
  expect((await get('/exec/default/p/c')).status).toBe(404);
});

it('delivers the whole answer before it closes the port-forward', async () => {
  const socket = forward('p');
  const messages: Buffer[] = [];
  socket.on('message', (message: Buffer) => messages.push(message));
  const [code] = (await once(socket, 'close')) as [number];
  expect(code).toBe(1000);
  expect(messages.slice(2).map((message) => `${message[0]} ${message.subarray(1).toString()}`)).toEqual(['0 whole answer']);
});

it('stops reading from the pod while the client does not read', async () => {
  let read = 0;
  const endless = new Duplex({
    read() {
      read += 65_536;
      this.push(Buffer.alloc(65_536));
    },
    write: (_chunk, _encoding, done) => done(),
  });
  const usual = dialPod;
  dialPod = () => endless;
  const socket = forward('p');
  await once(socket, 'open');
  socket.pause();
  await steady(() => read);
  // The limit of the endpoint, and what the two sockets' buffers in the kernel may hold.
  expect(read).toBeLessThan(64 * 1024 * 1024);
  dialPod = usual;
  socket.terminate();
  await once(endless, 'close');
});

/** Resolves when the value is above zero and has not changed for a while. */
async function steady(value: () => number): Promise<void> {
  for (let before = -1, same = 0; same < 10; before = value()) {
    await delay(20);
    same = value() > 0 && value() === before ? same + 1 : 0;
  }
}

describe('SPDY', () => {
  const payloads = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
  const frames: fc.Arbitrary<Frame> = fc.oneof(
    fc.record({ kind: fc.constant('data' as const), stream: fc.integer({ min: 1, max: 0x7fff_ffff }), flags: fc.constantFrom(0, fin), payload: payloads }),
    fc.record({ kind: fc.constant('control' as const), type: fc.integer({ min: 1, max: 9 }), flags: fc.constant(0), payload: payloads }),
  );
  const bytesOf = (frame: Frame): Buffer => (frame.kind === 'data' ? dataFrames(frame.stream, frame.payload, frame.flags) : controlFrame(frame.type, frame.payload));

  it('reads the same frames however the connection cuts them', () => {
    fc.assert(
      fc.property(fc.array(frames), fc.integer({ min: 1, max: 50 }), (sent, size) => {
        const bytes = Buffer.concat(sent.map(bytesOf));
        const reader = new FrameReader();
        const read: Frame[] = [];
        for (let start = 0; start < bytes.length; start += size) read.push(...reader.read(bytes.subarray(start, start + size)));
        expect(read).toEqual(sent);
      }),
    );
  });

  it('cuts large data into frames of which only the last ends the stream', () => {
    const payload = Buffer.alloc(150_000, 7);
    const read = [...new FrameReader().read(dataFrames(5, payload, fin))];
    expect(read.map(({ flags }) => flags)).toEqual([0, 0, fin]);
    expect(Buffer.concat(read.map((frame) => frame.payload)).equals(payload)).toBe(true);
  });

  it('reads headers block after block from one compressed stream', async () => {
    const deflate = createDeflate({ dictionary: spdyDictionary });
    const compress = (text: Buffer): Promise<Buffer> => new Promise((resolve) => deflate.write(text, () => deflate.flush(constants.Z_SYNC_FLUSH, () => resolve(deflate.read() as Buffer))));
    const word = (text: string): Buffer => Buffer.concat([Buffer.from([0, 0, 0, text.length]), Buffer.from(text)]);
    const block = (pairs: [string, string][]): Buffer => Buffer.concat([Buffer.from([0, 0, 0, pairs.length]), ...pairs.flat().map(word)]);
    const reader = new HeaderReader();
    for (const streamtype of ['error', 'data']) {
      const headers = await reader.read(await compress(block([['StreamType', streamtype], ['port', '2379']])));
      expect(Object.fromEntries(headers)).toEqual({ streamtype, port: '2379' });
    }
  });
});
