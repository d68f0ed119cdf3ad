/** How often an activity beats, within the time-out that it was given. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { withPulse } from '../../src/activities/pulse.ts';
import type { Pulse } from '../../src/activities/pulse.ts';
import { SharedPace } from '../../src/activities/shared-pace.ts';

const HOUR_MS = 60 * 60_000;

/** An activity that ends when it has beaten so often. */
async function untilBeaten(times: number, pace: SharedPace, heartbeatTimeoutMs: number): Promise<unknown[]> {
  const environment = new MockActivityEnvironment({ heartbeatTimeoutMs });
  const beats: unknown[] = [];
  const beaten = Promise.withResolvers<undefined>();
  environment.on('heartbeat', (details: unknown) => void (beats.push(details) === times && beaten.resolve(undefined)));
  await environment.run(() => withPulse(pace, async (pulse: Pulse) => (pulse.tell('waiting'), beaten.promise)));
  return beats;
}

test('it is never too seldom for the own time-out, however slow the common pace is', async () => {
  const crowd = new SharedPace({ perSecond: 1, slowestMs: HOUR_MS });
  for (let others = 0; others < HOUR_MS; others += 1_000) crowd.join();
  expect(await untilBeaten(4, crowd, 100)).toEqual([{ message: 'looking' }, ...Array.from({ length: 3 }, () => ({ message: 'waiting' }))]);
});
