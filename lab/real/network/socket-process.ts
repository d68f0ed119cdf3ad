/**
 * Runs inside the network namespace of one cluster, opens listening sockets there and hands them to the lab's own process: the
 * twins live in that process, and listen in the cluster.
 */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

export interface SocketRequest {
  id: number;
  kind: 'tcp' | 'udp';
  address: string;
  port: number;
}
export interface SocketAnswer {
  id: number;
  error?: string;
}

process.on('message', (request: SocketRequest) => (request.kind === 'tcp' ? openTcp(request) : openUdp(request)));
process.on('disconnect', () => process.exit(0));
answer({ id: 0 });

function answer(message: SocketAnswer, ...rest: [] | [Parameters<NonNullable<typeof process.send>>[1], object, () => void]): void {
  if (rest.length === 0) process.send?.(message);
  else process.send?.(message, ...rest);
}

function openTcp({ id, address, port }: SocketRequest): void {
  const server = createServer();
  server.once('error', ({ message }) => answer({ id, error: message }));
  // This process closes its own copy, or the port would stay taken.
  server.listen(port, address, () => answer({ id }, server, {}, () => server.close()));
}

function openUdp({ id, address, port }: SocketRequest): void {
  const socket = createSocket('udp4');
  socket.once('error', ({ message }) => answer({ id, error: message }));
  socket.bind(port, address, () => answer({ id }, socket, {}, () => socket.close()));
}
