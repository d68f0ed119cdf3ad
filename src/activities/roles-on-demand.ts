/**
 * Rights that a worker has only while a run needs them: the ClusterRoles of deploy/kubernetes-rbac.yaml that are bound to nobody until a person binds
 * them. Their lack is no problem, so the doctor says what is granted and calls nothing of it wrong.
 */
import { sentenceOf } from '../errors.ts';
import type { Access, KubernetesApi } from '../kubernetes/api.ts';
import type { Check } from '../protocol/activities.ts';
import type { ClusterView, TidbClusterView } from '../tidb/view.ts';
import { nameOf } from '../tidb/view.ts';
import type { Surroundings } from './surroundings.ts';

export interface RoleOnDemand {
  /** As deploy/kubernetes-rbac.yaml names it. */
  role: string;
  /** The runbook that needs it, and with which input. */
  runbook: string;
  /** What it lets that runbook do: `may …`. */
  lets: string;
  /** Exactly what the role grants. */
  rights: readonly Access[];
}

export const rolesOnDemand: readonly RoleOnDemand[] = [
  {
    role: 'tidb-runbooks-exit',
    runbook: 'exitCluster',
    lets: 'delete the TidbCluster and reclaim its data',
    rights: [
      { verb: 'delete', group: 'pingcap.com', resource: 'tidbclusters' },
      ...['list', 'delete'].map((verb) => ({ verb, group: 'pingcap.com', resource: 'tidbmonitors' })),
      ...['list', 'delete'].map((verb) => ({ verb, group: '', resource: 'persistentvolumeclaims' })),
      ...['get', 'patch'].map((verb) => ({ verb, group: '', resource: 'persistentvolumes' })),
    ],
  },
  {
    role: 'tidb-runbooks-exit-secrets',
    runbook: 'exitCluster, Secrets',
    lets: 'reclaim its TLS Secrets',
    rights: ['get', 'delete'].map((verb) => ({ verb, group: '', resource: 'secrets' })),
  },
  {
    role: 'tidb-runbooks-migrate',
    runbook: 'migrateCluster',
    lets: 'read backups and start the pod that looks names up',
    rights: [{ verb: 'list', group: 'pingcap.com', resource: 'backups' }, ...['create', 'delete'].map((verb) => ({ verb, group: '', resource: 'pods' }))],
  },
];

/** Of no namespace: asked for as it is. */
const clusterScoped: readonly string[] = ['persistentvolumes'];

/** What one TidbCluster's namespace answered. */
interface Answer {
  /** `shop/shop-west in west`. */
  where: string;
  /** `delete tidbclusters`; empty: all is granted. */
  missing: string[];
}

/** One line per role and TiDB cluster. Asked in the namespaces of its TidbClusters, since the roles may be bound there alone. */
export async function checkRolesOnDemand(at: Pick<Surroundings, 'kubernetes'>, { name, tidbClusters }: Pick<ClusterView, 'name' | 'tidbClusters'>): Promise<Check[]> {
  return Promise.all(
    rolesOnDemand.map(async (role): Promise<Check> => {
      const subject = `${role.runbook} of ${name}`;
      try {
        const answers = await Promise.all(tidbClusters.map((each) => askAt(at.kubernetes(each.kubernetesCluster), each, role)));
        return { subject, ok: true, note: true, message: inWords(role, answers) };
      } catch (error) {
        return { subject, ok: true, note: true, message: `not known: ${sentenceOf(error)}` };
      }
    }),
  );
}

async function askAt(api: KubernetesApi, each: TidbClusterView, { rights }: RoleOnDemand): Promise<Answer> {
  const { namespace } = each.object.metadata;
  const answers = await Promise.all(rights.map(async (right) => ({ right, allowed: await api.allowed(clusterScoped.includes(right.resource) ? right : { ...right, namespace }) })));
  return { where: `${nameOf(each)} in ${each.kubernetesCluster}`, missing: answers.filter(({ allowed }) => !allowed).map(({ right }) => `${right.verb} ${right.resource}`) };
}

/** `may … for a, b; may not for c, missing: delete tidbclusters: bind ClusterRole …`. */
function inWords({ lets, role }: RoleOnDemand, answers: Answer[]): string {
  const places = (list: Answer[]): string => list.map(({ where }) => where).join(', ');
  const granted = answers.filter(({ missing }) => missing.length === 0);
  const lacking = Map.groupBy(answers.filter(({ missing }) => missing.length > 0), ({ missing }) => missing.join(', '));
  return [
    ...(granted.length > 0 ? [`may ${lets}: ${places(granted)}`] : []),
    ...[...lacking].map(([missing, list]) => `may not ${lets}: ${places(list)}; missing: ${missing}; bind ClusterRole ${role} while such a run is to do so`),
  ].join('; ');
}
