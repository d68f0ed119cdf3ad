/** A verdict as a text for people. */
import pc from 'picocolors';
import type { JudgedChange, Verdict } from './judge.ts';

/** The operator writes all the time; its changes are counted here, and listed by `--json`. */
const isOperators = ({ by }: JudgedChange): boolean => by.includes('tidb-controller-manager');

export function printVerdict({ invariants, changes, order, reads, gaps }: Verdict): string {
  const others = changes.filter((change) => !isOperators(change));
  return [
    title('Invariants'),
    ...invariants.flatMap(({ name, held, evidence }) => [`${held ? pc.green('held  ') : pc.red('BROKEN')}  ${name}`, ...evidence.map((sentence) => `        ${sentence}`)]),
    title(`Changes (and ${changes.length - others.length} of the operator)`),
    ...table(others.map(({ at, kubernetesCluster, namespace, tidbCluster, by, what }) => [at, kubernetesCluster, `${namespace}/${tidbCluster}`, by.replace('system:serviceaccount:', ''), what])),
    title('Order of the changes of versions'),
    `  ${order.join(', ') || 'none'}`,
    title('Reads'),
    ...Object.entries(reads).flatMap(([name, { counts, perSecond }]) => [
      `  ${name}: ${Object.entries(counts).map(([what, count]) => `${what} ${count}`).join(', ') || 'none'}`,
      ...perSecond.map((window) => `    ${window.from} to ${window.until}: ${window.perSecond.toFixed(2)} per second`),
    ]),
    ...(gaps.length > 0 ? [title('Lost of the logs'), ...gaps.map((gap) => `  ${gap}`)] : []),
    '',
  ].join('\n');
}

const title = (text: string): string => `\n${pc.bold(text)}`;

function table(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd());
}
