/** Waiting for a server of the lab: asks again until the answer is yes, and gives up with a sentence. */
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';

/** A try costs the server well under a millisecond, and what waits here is a person or a test. Milliseconds. */
const pause = 50;
/** Three API servers with all definitions need 20 s on a calm computer; a busy one may need many times that. Milliseconds. */
const patience = 180_000;

/** Resolves when `condition` is true; a rejection counts as "not yet". `wish` ends the sentence "Waited … s in vain for …". */
export async function waitFor(wish: string, condition: () => Promise<boolean>, signal?: AbortSignal): Promise<void> {
  const deadline = Date.now() + patience;
  while (Date.now() < deadline && !signal?.aborted) {
    if (await condition().catch(() => false)) return;
    await delay(pause);
  }
  if (!signal?.aborted) throw new Error(`Waited ${patience / 1000} s in vain for ${wish}.`);
}

/** Whether a GET on an URL is answered with 200. `ca` is the PEM text for https. */
export async function answersOk(url: string, ca?: string): Promise<boolean> {
  const dispatcher = new Agent({ connect: ca ? { ca } : {} });
  try {
    const { statusCode, body } = await request(url, { dispatcher });
    await body.dump();
    return statusCode === 200;
  } finally {
    await dispatcher.destroy();
  }
}
