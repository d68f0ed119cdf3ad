/** Shows the state where Temporal's users look: search attributes for lists, current details for the page of the run. */
import { defineSearchAttributeKey } from '@temporalio/common';
import type { SearchAttributeUpdatePair } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { searchAttributes } from '../../protocol/run.ts';
import { detailsOf } from './details.ts';
import { phaseOf } from './state.ts';
import type { RunState } from './state.ts';

const cluster = defineSearchAttributeKey('TidbCluster', searchAttributes.TidbCluster);
const phase = defineSearchAttributeKey('RunbookPhase', searchAttributes.RunbookPhase);
const awaiting = defineSearchAttributeKey('AwaitingApproval', searchAttributes.AwaitingApproval);
const requester = defineSearchAttributeKey('RequestedBy', searchAttributes.RequestedBy);

/** A Keyword is at most 255 characters; a longer one would fail the workflow task. */
const keywordLength = 255;

export function show(state: RunState): void {
  const { workflowId, namespace } = workflowInfo();
  setCurrentDetails(detailsOf(state, { workflowId, namespace }));
  const pairs: SearchAttributeUpdatePair[] = [
    { key: phase, value: phaseOf(state) },
    { key: awaiting, value: state.gate !== undefined },
    ...keyword(cluster, state.cluster),
    ...keyword(requester, state.requestedBy),
  ];
  const changed = pairs.filter(isNew);
  if (changed.length > 0) upsertSearchAttributes(changed);
}

function keyword(key: typeof cluster, value: string | undefined): SearchAttributeUpdatePair[] {
  return value ? [{ key, value: value.slice(0, keywordLength) }] : [];
}

/** Every upsert is an event of history, so only what differs is sent. */
function isNew({ key, value }: SearchAttributeUpdatePair): boolean {
  return workflowInfo().typedSearchAttributes.get(key) !== value;
}
