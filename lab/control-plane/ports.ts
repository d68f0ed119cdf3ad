/** Free loopback ports for the lab's servers. */
import { createServer } from 'node:net';

/**
 * Below the ports that Linux (32768…) and macOS (49152…) give to outgoing connections: a server that is stopped for a
 * while must find its port free when it comes back.
 */
const lowest = 12_000;
const highest = 32_000;
const tries = 200;

const given = new Set<number>();

/** A port of 127.0.0.1 that nobody listens on, never given twice by this process. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < tries; attempt++) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
  throw new Error(`No free port was found between ${lowest} and ${highest} on 127.0.0.1 in ${tries} tries; end other servers first.`);
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
