/** deploy/kubernetes-rbac.yaml grants what the code asks for, and nothing else. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { permissions } from '../../src/activities/diagnose.ts';
import { rolesOnDemand } from '../../src/activities/roles-on-demand.ts';

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string };
  rules?: Rule[];
  roleRef?: { kind: string; name: string };
  subjects?: { kind: string; name: string; namespace: string }[];
}

const manifests = parseAllDocuments(readFileSync(join(__dirname, '../../deploy/kubernetes-rbac.yaml'), 'utf8')).map((document) => document.toJS() as Manifest);
const rulesOf = (role: string): Rule[] => manifests.find(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === role)?.rules ?? [];

/** `patch pingcap.com/tidbclusters`, one line per right. */
const linesOf = (rules: readonly Rule[]): string[] => rules.flatMap(({ apiGroups, resources, verbs }) => apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`)))).toSorted();

const inLines = (rights: typeof permissions): string[] => rights.map(({ verb, group, resource, subresource }) => `${verb} ${group}/${resource}${subresource ? `/${subresource}` : ''}`).toSorted();
const asked = inLines(permissions);

/** Asked for only to explain why a TiDB cluster is refused, so its lack is no finding of doctor. */
const optional = ['list core.pingcap.com/clusters'];

test('grants every permission that doctor checks', () => {
  expect(asked.filter((right) => !linesOf(rulesOf('tidb-runbooks')).includes(right))).toEqual([]);
});

test('grants nothing that doctor does not check', () => {
  expect(linesOf(rulesOf('tidb-runbooks')).filter((right) => !asked.includes(right))).toEqual(optional);
});

test('names no right twice and uses no wildcard', () => {
  for (const lines of manifests.map(({ rules }) => linesOf(rules ?? []))) {
    expect(new Set(lines).size).toBe(lines.length);
    expect(lines.filter((line) => line.includes('*'))).toEqual([]);
  }
});

test.each(rolesOnDemand.map(({ role, rights }) => [role, rights] as const))('the role %s grants what doctor asks for it, and nothing else', (role, rights) => {
  expect(linesOf(rulesOf(role))).toEqual(inLines(rights));
});

test('doctor knows every role that is bound to no one', () => {
  const bound = manifests.flatMap(({ roleRef }) => (roleRef ? [roleRef.name] : []));
  const roles = manifests.filter(({ kind }) => kind === 'ClusterRole').map(({ metadata }) => metadata.name);
  // Of TLS the look at the TidbCluster itself tells.
  expect(roles.filter((role) => !bound.includes(role) && role !== 'tidb-runbooks-tls')).toEqual(rolesOnDemand.map(({ role }) => role));
});

test('keeps what only an exit may do in roles of its own, and those on Secrets apart', () => {
  expect(linesOf(rulesOf('tidb-runbooks-exit-secrets'))).toEqual(['delete /secrets', 'get /secrets']);
});

test('lets nobody read Secrets in all namespaces: that role is bound to no one', () => {
  expect(linesOf(rulesOf('tidb-runbooks-tls'))).toEqual(['get /secrets']);
  expect(manifests.filter(({ roleRef }) => roleRef).map(({ roleRef }) => roleRef?.name)).toEqual(['tidb-runbooks']);
});

test('lets nobody create pods in all namespaces: the role of a migration is bound to no one', () => {
  expect(linesOf(rulesOf('tidb-runbooks-migrate'))).toEqual(['create /pods', 'delete /pods', 'list pingcap.com/backups']);
  expect(linesOf(rulesOf('tidb-runbooks')).filter((line) => line.endsWith(' /pods'))).toEqual(['list /pods', 'watch /pods']);
});

test('binds the role to the service account that it makes', () => {
  const account = manifests.find(({ kind }) => kind === 'ServiceAccount');
  const namespace = manifests.find(({ kind }) => kind === 'Namespace');
  const binding = manifests.find(({ kind }) => kind === 'ClusterRoleBinding');
  expect(account?.metadata.namespace).toBe(namespace?.metadata.name);
  expect(binding?.subjects).toEqual([{ kind: 'ServiceAccount', name: account?.metadata.name, namespace: account?.metadata.namespace }]);
});
