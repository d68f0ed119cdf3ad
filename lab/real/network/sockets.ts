/** Listening sockets in the network namespace of a cluster, opened by a process there and used in this one. */
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:dgram';
import type { Server } from 'node:net';
import type { SocketAnswer, SocketRequest } from './socket-process.ts';

type Opened = Server | Socket | undefined;

export class Sockets {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (socket: Opened) => void; reject: (error: Error) => void }>();
  #last = 0;

  private constructor(process: ChildProcess) {
    this.#process = process;
    process.on('message', (message, socket) => this.#take(message as SocketAnswer, socket as Opened));
    process.once('exit', () => this.#giveUp());
  }

  /** Resolves when the process in the namespace says that it is there; its answer 0. */
  static async of(process: ChildProcess): Promise<Sockets> {
    const sockets = new Sockets(process);
    await new Promise<Opened>((resolve, reject) => sockets.#waiting.set(0, { resolve, reject }));
    return sockets;
  }

  /** Rejects when the address is taken. */
  async tcp(address: string, port: number): Promise<Server> {
    return (await this.#open('tcp', address, port)) as Server;
  }
  async udp(address: string, port: number): Promise<Socket> {
    return (await this.#open('udp', address, port)) as Socket;
  }

  #open(kind: SocketRequest['kind'], address: string, port: number): Promise<Opened> {
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#process.send({ id, kind, address, port } satisfies SocketRequest, (error) => {
        if (error) this.#take({ id, error: error.message }, undefined);
      });
    });
  }

  #take({ id, error }: SocketAnswer, socket: Opened): void {
    const waiter = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiter?.resolve(socket);
    else waiter?.reject(new Error(error));
  }

  #giveUp(): void {
    for (const { reject } of this.#waiting.values()) reject(new Error('the process that opens sockets in this network namespace has ended'));
    this.#waiting.clear();
  }
}
