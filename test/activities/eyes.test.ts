/** How a wait looks and rests, over an API server of a few objects. */
import { setTimeout as delay } from 'node:timers/promises';
import { Eyes } from '../../src/activities/waiting/eyes.ts';
import { surroundings } from './few-objects.ts';

const LONG_MS = 60_000;
const LOOK_MS = 60;
const SOON_MS = 10;

test('what changes after the first look and before the watch is seen at once, not after the next whole look', async () => {
  const at = surroundings({ onWatch: (object) => (object['spec'] = { ...(object['spec'] as object), version: 'v8.5.4' }) });
  const eyes = new Eyes(at, { target: { cluster: 'shop' }, key: 'east', signal: new AbortController().signal });
  const versions: unknown[] = [];
  for (let looks = 0; looks < 2; looks++) {
    const { view } = await eyes.look();
    versions.push(view?.tidbClusters[0]?.object.spec.version);
    await eyes.rest(looks === 0 ? LONG_MS : 0);
  }
  eyes.close();
  expect(versions).toEqual(['v8.5.3', 'v8.5.4']);
});

test('what wakes us waits until the servers have had their rest, but never for longer than we meant to rest', async () => {
  const eyes = new Eyes(surroundings({ answersAfterMs: LOOK_MS }), { target: { cluster: 'shop' }, key: 'east', signal: new AbortController().signal });
  const isOverWithin = async (ms: number, rest: Promise<void>): Promise<boolean> => Promise.race([rest.then(() => true), delay(ms, false)]);
  // It is woken when it begins to watch.
  await eyes.look();
  expect(await isOverWithin(SOON_MS, eyes.rest(0))).toBe(true);
  const rested = eyes.rest(LONG_MS);
  expect(await isOverWithin(SOON_MS, rested)).toBe(false);
  await rested;
  eyes.close();
});
