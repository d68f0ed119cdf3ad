/** Loopback addresses for pods: each pod has one of its own, on which its process listens on the real ports. */
import { createServer } from 'node:net';
import { Names } from './names.ts';

/** Below 127.16 people have their own uses; the last is the last of the block. */
const [firstBlock, lastBlock] = [16, 254];
const hosts = 254;

const anyOf = (from: number, to: number): number => from + Math.floor(Math.random() * (to - from + 1));

/**
 * Counts upwards from a random place, so that two labs on one computer hardly meet, and tries each address before
 * giving it away, so that it does not matter when they do.
 */
export class PodAddresses {
  /** What DNS says about them. */
  readonly names = new Names();
  readonly #prefix = `127.${anyOf(firstBlock, lastBlock)}`;
  #next = anyOf(0, lastBlock) * hosts;

  /** An address on which `port` is free. */
  async take(port: number): Promise<string> {
    for (;;) {
      this.#next += 1;
      const address = `${this.#prefix}.${Math.floor(this.#next / hosts) % (lastBlock + 1)}.${(this.#next % hosts) + 1}`;
      if (await isFree(address, port)) return address;
    }
  }
}

function isFree(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, address, () => server.close(() => resolve(true)));
  });
}
