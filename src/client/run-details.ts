/** The fixed words of a run in Temporal's UI: a line for lists, and Markdown with the way to decide and the links. */
import type { Session } from './session.ts';

/** The limit of the server for a summary, in bytes; longer is refused. */
const summaryBytes = 200;

interface RunFacts {
  type: string;
  title: string;
  workflowId: string;
  input: object;
}

/** `Upgrade a TiDB cluster: cluster shop, version v8.5.4`. */
export function summaryOf(title: string, input: object): string {
  const words = Object.entries(input)
    .filter(([, value]) => typeof value === 'string')
    .map(([key, value]) => `${key} ${value}`);
  return cutToBytes(`${title}: ${words.join(', ')}`, summaryBytes);
}

function cutToBytes(text: string, limit: number): string {
  if (Buffer.byteLength(text) <= limit) return text;
  const characters = [...text];
  const ellipsis = '…';
  while (Buffer.byteLength(characters.join('') + ellipsis) > limit) characters.pop();
  return characters.join('') + ellipsis;
}

export function detailsOf(session: Pick<Session, 'link' | 'uiPage' | 'taskQueue'>, { type, title, workflowId, input }: RunFacts): string {
  const cluster = 'cluster' in input ? String(input.cluster) : '';
  const ofCluster = session.uiPage(`workflows?query=${encodeURIComponent(`TidbCluster="${cluster}"`)}`);
  const again = session.uiPage(`workflows/start-workflow?${new URLSearchParams({ workflowType: type, taskQueue: session.taskQueue, workflowId }).toString()}`);
  const links = [ofCluster && `[All runs of ${cluster}](${ofCluster})`, again && `[Start one like this](${again})`].filter(Boolean);
  return [`### ${title}`, ['```json', JSON.stringify(input, null, 2), '```'].join('\n'), `Watch it: \`tidb-runbook watch ${workflowId}\``, links.join(' · ')].filter(Boolean).join('\n\n');
}
