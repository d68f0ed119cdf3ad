/** Workflow type `checkCluster`: one report; the run fails when something is critical, so that a Schedule's history shows it. */
import { ApplicationFailure } from '@temporalio/common';
import type { CheckReport } from '../../protocol/check.ts';
import { criticalFailure } from '../../protocol/check.ts';
import { calls } from '../conductor/calls.ts';
import { sentenceAlone } from '../conductor/close.ts';
import { readInput } from '../conductor/read-input.ts';
import { throwCause } from '../throw-cause.ts';
import { checkClusterRunbook } from './contract.ts';

export async function checkCluster(raw: unknown): Promise<CheckReport> {
  const reading = readInput(checkClusterRunbook.contract(), raw, checkClusterRunbook);
  if ('problem' in reading) throw sentenceAlone(ApplicationFailure.nonRetryable(reading.problem, 'InvalidInput'));
  const report = await calls('observe', `check ${reading.input.cluster}`).checkCluster(reading.input).catch(throwCause);
  if (!report.findings.some(({ severity }) => severity === 'critical')) return report;
  throw sentenceAlone(ApplicationFailure.create({ message: report.summary, type: criticalFailure, nonRetryable: true, details: [report] }));
}
