/** The Temporal dev server of the demo, with its UI, in memory, on free ports. */
import { freePort } from '../control-plane/ports.ts';
import { answersOk, waitFor } from '../control-plane/readiness.ts';
import type { Stage } from './stage.ts';

/** They must be there before the worker: it refuses to begin without them. */
const searchAttributes = ['TidbCluster=Keyword', 'RunbookPhase=Keyword', 'AwaitingApproval=Bool', 'RequestedBy=Keyword'];

/** Resolves when gRPC and the UI answer. */
export async function startTemporal(stage: Stage, cli: string): Promise<{ address: string; uiUrl: string }> {
  const port = await freePort();
  const uiPort = await freePort();
  const address = `127.0.0.1:${port}`;
  const ports = ['--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)];
  const attributes = searchAttributes.flatMap((each) => ['--search-attribute', each]);
  stage.background('temporal', { title: 'The Temporal server', command: cli, args: ['server', 'start-dev', ...ports, ...attributes, '--log-level', 'error', '--ui-disable-news-fetch'], env: process.env });
  const health = { title: 'Asking Temporal for its health', command: cli, args: ['operator', 'cluster', 'health', '--address', address], env: process.env };
  const uiUrl = `http://127.0.0.1:${uiPort}`;
  await waitFor('the Temporal server', async () => (await stage.output(health)).includes('SERVING') && (await answersOk(uiUrl)));
  return { address, uiUrl };
}
