/** Who writes which field of a TidbCluster and its StatefulSets, by which kind of request, and which events tell of it. */
import { readFileSync } from 'node:fs';
import type { KubernetesObject } from '../../../../lab/kubernetes-api.ts';
import type { Topic } from '../behaviour.ts';
import { loneUpgrade } from '../lone-upgrade.ts';
import type { Upgrade } from '../lone-upgrade.ts';
import { lone } from '../stages.ts';

interface ManagedFields {
  manager: string;
  operation: string;
  fieldsV1: Record<string, unknown>;
}

const operatorAgent = /^(tidb-)?controller-manager\b/;
const person = 'kubectl-of-a-person';

/** Words for a field manager: its name is a program's, which may differ from lab to lab. */
function roleOf(manager: string): string {
  if (manager === person) return 'person';
  return operatorAgent.test(manager) ? 'operator' : 'deployer';
}

const has = (fields: unknown, [first, ...rest]: string[]): boolean => {
  if (first === undefined) return true;
  const inner = (fields as Record<string, unknown> | undefined)?.[`f:${first}`];
  return inner !== undefined && has(inner, rest);
};

/** The role that owns a field, as managedFields tells. */
function ownerOf(cluster: KubernetesObject, path: string): string {
  const owners = (cluster.metadata['managedFields'] as ManagedFields[]).filter(({ fieldsV1 }) => has(fieldsV1, path.split('.')));
  return owners.map(({ manager, operation }) => `${roleOf(manager)} (${operation})`).join(' + ') || 'nobody';
}

const owners = (cluster: KubernetesObject, paths: string[]): string => paths.map((path) => `${path}: ${ownerOf(cluster, path)}`).join('; ');

interface AuditLine {
  verb: string;
  userAgent?: string;
  requestReceivedTimestamp: string;
  responseStatus?: { code?: number };
  objectRef?: { resource?: string; namespace?: string; name?: string; subresource?: string };
}

/** The kinds of write by which the operator changed the TidbCluster during the upgrade. */
function operatorsWrites({ subject, before }: Upgrade): string {
  const { cluster, namespace, name } = subject.place;
  const lines = readFileSync(subject.ground.auditLog(cluster), 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line) as AuditLine);
  const own = lines.filter(({ objectRef, userAgent = '', requestReceivedTimestamp }) =>
    objectRef?.resource === 'tidbclusters' && objectRef.namespace === namespace && objectRef.name === name && operatorAgent.test(userAgent) && requestReceivedTimestamp >= before.at);
  const kinds = own.map(({ verb, objectRef }) => `${verb}${objectRef?.subresource ? ` of /${objectRef.subresource}` : ''}`);
  return [...new Set(kinds)].sort().join(' and ');
}

/** Three patches of ours changed the spec; everything above is the operator's own. */
const ourPatches = 3;

function generationOf({ before, after }: Upgrade): string {
  const risen = Number(after.cluster.metadata['generation']) - Number(before.cluster.metadata['generation']);
  return risen > ourPatches ? 'rises with the operator’s status writes' : `rose by ${risen}, with ${ourPatches} patches of the spec`;
}

const all = (values: (string | undefined)[], is: (value: string | undefined) => boolean): boolean => values.every(is);

function ownerGenerations({ before, after }: Upgrade): string {
  const first = all(before.generations, (value) => value === undefined) ? 'absent while only created' : 'there before any update';
  const isNumber = (value: string | undefined): boolean => /^\d+$/.test(value ?? '');
  return `${first}; ${all(after.generations, isNumber) ? 'there after an update' : 'still absent after an update'}`;
}

export const writers: Topic = {
  'defaults-persisted': {
    title: 'The operator’s status write persists its defaults in spec', source: '§1.1, defaulting/tidbcluster.go', judge: 'operator', reliedOnBy: 'drift check: only owned fields are compared',
    documented: 'spec.enablePVReclaim: operator (Update); spec.tlsCluster: operator (Update); spec.pd.spareVolReplaceReplicas: operator (Update); spec.tikv.spareVolReplaceReplicas: operator (Update); config of pd, tikv, tidb: text, text, text',
    observe: async (ground) => {
      const cluster = await ground.until('the operator has written its defaults', async () => {
        const found = await (await lone(ground)).get();
        return ownerOf(found, 'spec.enablePVReclaim') !== 'nobody' && found;
      });
      const kinds = ['pd', 'tikv', 'tidb'].map((component) => (typeof cluster['spec'][component].config === 'string' ? 'text' : 'object'));
      return `${owners(cluster, ['spec.enablePVReclaim', 'spec.tlsCluster', 'spec.pd.spareVolReplaceReplicas', 'spec.tikv.spareVolReplaceReplicas'])}; config of pd, tikv, tidb: ${kinds.join(', ')}`;
    },
  },
  'creation-events': {
    title: 'Creating a StatefulSet is told by an event of reason SuccessfulCreate', source: 'stateful_set_control.go', judge: 'operator', reliedOnBy: 'nothing: such events must not be taken for a stall',
    documented: 'SuccessfulCreate (Normal) for pd, tidb, tikv',
    observe: async (ground) => {
      const found = (await (await lone(ground)).events()).filter(({ reason, message }) => reason === 'SuccessfulCreate' && String(message).includes('StatefulSet'));
      const named = found.map(({ message }) => /-(\w+) in /.exec(String(message))?.[1] ?? '?').sort();
      return `SuccessfulCreate (${[...new Set(found.map(({ type }) => String(type)))].join()}) for ${named.join(', ')}`;
    },
  },
  'owner-generation': {
    title: 'Annotation owner-generation of StatefulSets', source: '§1.5, statefulset.go', judge: 'operator', reliedOnBy: 'nothing by itself: a hint in stall reasons',
    documented: 'absent while only created; there after an update',
    observe: async (ground) => ownerGenerations(await loneUpgrade(ground)),
  },
  'field-owners': {
    title: 'After a patch by a person: who owns what', source: '§1.1, managedFields', judge: 'operator', reliedOnBy: 'adoption and drift: who changed a version',
    documented: 'spec.pd.version: person (Update); spec.pd.replicas: deployer (Update); status: operator (Update); status.pd.phase: operator (Update)',
    observe: async (ground) => owners((await loneUpgrade(ground)).after.cluster, ['spec.pd.version', 'spec.pd.replicas', 'status', 'status.pd.phase']),
  },
  'status-by-put': {
    title: 'Status is written by updates of the whole object, annotations by patches', source: '§1.1, §12.2, tidbcluster_control.go', judge: 'operator', reliedOnBy: 'our patches may meet 409 and are repeated; the oracle compares content, not writes',
    documented: 'patch and update',
    observe: async (ground) => operatorsWrites(await loneUpgrade(ground)),
  },
  generation: {
    title: 'metadata.generation of a TidbCluster is no version of its spec', source: '§1.1, §12.2', judge: 'operator', reliedOnBy: 'the proof looks at content, never at the generation',
    documented: 'rises with the operator’s status writes',
    observe: async (ground) => generationOf(await loneUpgrade(ground)),
  },
  'no-events-of-a-roll': {
    title: 'Events of the operator about a TidbCluster that is upgraded without trouble', source: '§2.2', judge: 'operator', reliedOnBy: 'stall reasons: a warning during a roll means something',
    documented: 'none',
    observe: async (ground) => {
      const { after, before } = await loneUpgrade(ground);
      const during = after.events.filter(({ lastTimestamp, source }) => operatorAgent.test(String(source?.component)) && String(lastTimestamp) > before.at);
      return [...new Set(during.map(({ type, reason }) => `${type} ${reason}`))].sort().join(', ') || 'none';
    },
  },
};
