/** Answers DNS questions on a UDP socket. */
import type { Socket } from 'node:dgram';
import { answerMessage, parseQuery } from './wire.ts';
import type { Answers } from './wire.ts';

/** `look` is asked for every question; the socket is bound already. */
export function serveDns(socket: Socket, look: (name: string, type: number) => Answers): void {
  socket.on('message', (message, { address, port }) => {
    const question = parseQuery(message);
    if (question) socket.send(answerMessage(question, look(question.name, question.type)), port, address);
  });
  // Somebody who asked is gone: nothing to be done.
  socket.on('error', () => undefined);
}
