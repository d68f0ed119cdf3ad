/** The search attributes by which runs are listed: the keys, the check that the server has them, and the line that registers them. */
import type { Connection } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { searchAttributes } from '../protocol/run.ts';

export const attributeKeys = {
  cluster: defineSearchAttributeKey('TidbCluster', searchAttributes.TidbCluster),
  phase: defineSearchAttributeKey('RunbookPhase', searchAttributes.RunbookPhase),
  awaitingApproval: defineSearchAttributeKey('AwaitingApproval', searchAttributes.AwaitingApproval),
  requestedBy: defineSearchAttributeKey('RequestedBy', searchAttributes.RequestedBy),
} as const;

/** How the type is written on the command line and how the server numbers it (temporalio/api, enums/v1/common.proto). */
const attributeTypes = { KEYWORD: { word: 'Keyword', code: 2 }, BOOL: { word: 'Bool', code: 5 } } as const;

export type AttributeName = keyof typeof searchAttributes;
const allNames = Object.keys(searchAttributes) as AttributeName[];

/** One line for a terminal. Running it again, or with attributes that exist already, does no harm. */
export function createCommand(namespace: string, names: readonly AttributeName[] = allNames): string {
  const types = [...new Set(names.map((name) => searchAttributes[name]))];
  return types.map((type) => createOfType(namespace, type, names.filter((name) => searchAttributes[name] === type))).join(' && ');
}

/** The command takes several names and one type (temporal CLI 1.9). */
function createOfType(namespace: string, type: keyof typeof attributeTypes, names: readonly AttributeName[]): string {
  return `temporal operator search-attribute create --namespace ${namespace} ${names.map((name) => `--name ${name}`).join(' ')} --type ${attributeTypes[type].word}`;
}

export interface SearchAttributeCheck {
  missing: AttributeName[];
  /** Those that exist with another type: they have to be removed and created anew. */
  wrongType: AttributeName[];
}

/** Asks the operator service of the server; the right to do so may be missing where the server is shared. */
export async function checkSearchAttributes(connection: Pick<Connection, 'operatorService'>, namespace: string): Promise<SearchAttributeCheck> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return {
    missing: allNames.filter((name) => customAttributes[name] === undefined),
    wrongType: allNames.filter((name) => customAttributes[name] !== undefined && Number(customAttributes[name]) !== attributeTypes[searchAttributes[name]].code),
  };
}
