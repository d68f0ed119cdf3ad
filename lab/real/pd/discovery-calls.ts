/** Asks the discovery service of a TidbCluster, as the start scripts do with wget: again and again until it answers. */
import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import type { Container, StagedProcess } from '../../database/processes/process.ts';
import type { RealSurroundings } from '../real-surroundings.ts';
import { agentFor } from './etcd-calls.ts';

const port = 10_261;
/** wget's `-T 3`. Milliseconds. */
const patience = 3_000;
/** The script sleeps up to 4 s between two tries; half a second is as often as it helps. */
const tryAgain = 500;
const found = 200;

/** The text of the answer; undefined when the process was stopped before. */
export async function askDiscovery(process: StagedProcess, { origin }: Container, { names, log }: RealSurroundings, question: string): Promise<string | undefined> {
  const agent = agentFor({ lookup: names.lookup });
  const url = `http://${origin.tidbCluster}-discovery.${origin.namespace}.svc:${port}/${question}`;
  try {
    for (let tries = 0; !process.stopped; tries++) {
      const answer = await once(url, agent);
      if (answer !== undefined) return answer;
      if (tries === 0) log('waiting for discovery service to return start args ...');
      await delay(tryAgain);
    }
    return undefined;
  } finally {
    await agent.destroy();
  }
}

async function once(url: string, dispatcher: ReturnType<typeof agentFor>): Promise<string | undefined> {
  try {
    const answer = await request(url, { dispatcher, headersTimeout: patience, bodyTimeout: patience });
    const text = await answer.body.text();
    return answer.statusCode === found ? text : undefined;
  } catch {
    return undefined;
  }
}
