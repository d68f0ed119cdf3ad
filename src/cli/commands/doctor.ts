/** `tidb-runbook doctor [cluster]`: is everything there that a run needs? From Temporal to PD, each finding one line. */
import type { Command } from 'commander';
import type { RunbookClient } from '../../client.ts';
import { isRunbookError, sentenceOf } from '../../errors.ts';
import type { Check } from '../../protocol/activities.ts';
import { answer, withClient, withOutput } from '../context.ts';
import type { Context, OutputOptions } from '../context.ts';
import { renderChecks } from '../render/checks.ts';

export function addDoctor(program: Command, context: Context): void {
  withOutput(program.command('doctor').argument('[cluster]', 'a TiDB cluster of the inventory; without it, all').description('check Temporal, the worker, and what the worker can reach')).action((cluster: string | undefined, options: OutputOptions) =>
    withClient(context, async (client) => {
      const checks = await checkAll(client, cluster);
      const ok = checks.every((check) => check.ok);
      answer(context, options, { ok, checks }, () => renderChecks(checks, { width: context.terminal.columns, colors: context.terminal.colors }));
      return ok ? 0 : 8;
    }),
  );
}

/** The worker is asked last: it can answer only when what stands before is right. */
async function checkAll(client: RunbookClient, cluster: string | undefined): Promise<Check[]> {
  const { address, namespace } = client.place;
  const temporal: Check = { subject: 'Temporal', ok: true, message: `${address} answers, namespace ${namespace}` };
  return [temporal, await checkSearchAttributes(client), ...(await checkWorker(client, cluster))];
}

async function checkSearchAttributes(client: RunbookClient): Promise<Check> {
  const subject = 'search attributes';
  try {
    const found = await client.searchAttributes();
    const { missing, wrongType } = found;
    if (missing.length > 0) return { subject, ok: false, message: `${missing.join(', ')} not registered: ${client.searchAttributeCommand(found)}` };
    if (wrongType.length > 0) return { subject, ok: false, message: `${wrongType.join(', ')} registered with another type: use another namespace, or remove and create them anew` };
    return { subject, ok: true, message: 'all registered' };
  } catch (error) {
    // Where the server is shared, only its operators may list them.
    if (isRunbookError(error, 'Forbidden')) return { subject, ok: true, message: 'not checked: this profile may not list them' };
    return { subject, ok: false, message: sentenceOf(error) };
  }
}

async function checkWorker(client: RunbookClient, cluster: string | undefined): Promise<Check[]> {
  const subject = 'worker';
  try {
    const found = await client.diagnose(cluster);
    const workers = (await client.workers()).map(({ identity }) => identity).join(', ');
    return [{ subject, ok: true, message: `answers on task queue ${client.place.taskQueue} (${workers})` }, ...found];
  } catch (error) {
    return [{ subject, ok: false, message: sentenceOf(error) }];
  }
}
