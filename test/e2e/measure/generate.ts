/** Writes docs/procedures-compared.md from what was measured last: `make procedures`. A test fails when the file is stale. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastMeasured, procedures } from './record.ts';
import type { Measured } from './record.ts';

interface Row {
  title: string;
  tell: (measured: Measured) => string;
}

const inSeconds = (milliseconds: number): string => (milliseconds === 0 ? 'never' : `${(milliseconds / 1_000).toFixed(1)} s`);

/** DDL is one state of the whole TiDB cluster, whoever sets it. */
const ddlStory = ({ ddl }: Measured): string => (ddl.length > 0 ? ddl.join(' → ') : 'never paused');

const engineStory = ({ engine }: Measured): string => (engine ? `${engine.p50Ms} ms, ${engine.percent} %` : '–');

const rows: Row[] = [
  { title: 'PD members, and how many are a majority', tell: ({ pd }) => `${pd.members}, ${pd.majority}` },
  { title: 'least PD members alive', tell: ({ pd }) => String(pd.leastAlive) },
  { title: 'least PD members alive and healthy', tell: ({ pd }) => String(pd.leastHealthy) },
  { title: 'longest time with fewer healthy PD members than a majority', tell: ({ pd }) => inSeconds(pd.longestBelowMajorityMs) },
  { title: 'most TidbClusters with a component going down or coming back', tell: ({ tidbClusters }) => String(tidbClusters.mostAtOnce) },
  { title: 'time in which there were two or more of them', tell: ({ tidbClusters }) => inSeconds(tidbClusters.togetherMs) },
  { title: 'most PD, TiKV, TiDB pods away at once', tell: ({ mostAway }) => `${mostAway.pd}, ${mostAway.tikv}, ${mostAway.tidb}` },
  { title: 'longest time without any TiDB pod to which a Service leads', tell: ({ longestWithoutTidbMs }) => inSeconds(longestWithoutTidbMs) },
  { title: 'DDL', tell: ddlStory },
  { title: 'time in which DDL was paused', tell: ({ ddlPausedMs }) => inSeconds(ddlPausedMs) },
  { title: 'whole upgrade', tell: ({ seconds }) => `${seconds} s` },
  { title: 'from the last proof of a step to the next change (median, without settle and soak), and that in all beside the time until the proofs', tell: engineStory },
  { title: 'looks, and the longest pause between two', tell: ({ samples, longestGapMs }) => `${samples}, ${longestGapMs} ms` },
];

const line = (cells: string[]): string => `| ${cells.join(' | ')} |`;

/** The text of docs/procedures-compared.md. */
export function comparisonText(measuredOf: (id: string) => Measured | undefined): string {
  const cell = (id: string, { tell }: Row): string => {
    const measured = measuredOf(id);
    return measured ? tell(measured) : 'not measured';
  };
  return [
    '# Three ways to upgrade, and what each does to the database',
    '',
    'Generated from what was measured last (`make procedures`). The real tidb-operator v1.6.6 upgrades a TiDB cluster over three Kubernetes clusters; a watcher that shares no code with the product',
    'asks every PD member for its own view of itself ten times per second (its etcd and its health), every TiKV and TiDB for its status (ten times until it serves, then twice), and follows the pods of all three API servers.',
    'TiKV and TiDB are stand-ins, PD’s membership is a real etcd, so numbers of pods and members say more than seconds. A PD member counts as healthy when its own etcd knows a leader and it calls',
    'itself healthy: a member amid an election does not. A pod is away when it is missing, ending or not Ready, or when its process has not served yet since the pod was made.',
    '',
    '- **tidb-runbooks**: the runbook `upgradeCluster`.',
    '- **documented, by hand**: component by component, TidbCluster by TidbCluster; change the version, wait until the pods are rebuilt and Running, go on with the next TidbCluster.',
    '- **all TidbClusters at once**: `spec.version` of all TidbClusters in the same moment.',
    '',
    line(['', ...procedures.map(({ title }) => title)]),
    line(['---', ...procedures.map(() => '---')]),
    line(['in each of three TidbClusters', ...procedures.map(({ on }) => on)]),
    ...rows.map((row) => line([row.title, ...procedures.map(({ id }) => cell(id, row))])),
    '',
  ].join('\n');
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, '../../../docs/procedures-compared.md'), comparisonText(lastMeasured));
