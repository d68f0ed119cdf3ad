/**
 * The kubelet's half of a port-forward over WebSocket, subprotocol `v4.channel.k8s.io`: the first byte of a message is the
 * channel, two channels per port (data, errors), and each channel opens with the port as 16 bits, little-endian.
 */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { refusal } from './dial.ts';
import type { DialPort } from './dial.ts';

/** The pod is not read while so much waits for the client. Bytes. */
const highWater = 1024 * 1024;
const normalClosure = 1000;
const portBytes = 2;

/** Serves one port-forward until either end closes. */
export function servePortForwardOverWebSocket(client: WebSocket, ports: readonly number[], dial: DialPort): void {
  const targets = ports.map((port, index) => connect(client, port, dial, index * 2));
  client.on('message', (message) => {
    const bytes = message as Buffer;
    const channel = bytes[0] ?? 0;
    const target = channel % 2 === 0 ? targets[channel / 2] : undefined;
    if (target && !target.destroyed) passOn(client, bytes.subarray(1), target);
  });
  client.on('error', () => client.terminate());
  client.on('close', () => targets.forEach((target) => target?.destroy()));
}

function connect(client: WebSocket, port: number, dial: DialPort, dataChannel: number): Duplex | undefined {
  const send = (channel: number, bytes: Buffer, sent?: (error?: Error) => void): void => client.send(Buffer.concat([Buffer.from([channel]), bytes]), sent);
  const fail = (reason: string): void => {
    send(dataChannel + 1, Buffer.from(reason));
    client.close(normalClosure);
  };
  const portNumber = Buffer.alloc(portBytes);
  portNumber.writeUInt16LE(port);
  send(dataChannel, portNumber);
  send(dataChannel + 1, portNumber);
  const target = dial(port);
  if (!target) return void fail(refusal(port));
  target.on('data', (data: Buffer) => {
    // After a failed send the client is gone: reading on would only feed the next failure.
    send(dataChannel, data, (error) => (error ? target.destroy() : target.resume()));
    if (client.bufferedAmount > highWater) target.pause();
  });
  const close = (): void => {
    client.resume(); // A paused client would never read the answer to our close.
    client.close(normalClosure);
  };
  target.on('end', close).on('close', close).on('error', (error) => fail(error.message));
  return target;
}

function passOn(client: WebSocket, bytes: Buffer, target: Duplex): void {
  if (target.write(bytes)) return;
  client.pause();
  target.once('drain', () => client.resume());
}
