/**
 * What the API servers write into their audit logs: the evidence of the lab's judge and of the benches.
 *
 * Bodies (level Request) of every write to TidbClusters, Leases and workloads, and of every other write of the product;
 * never the body of a Secret or a token. Names only (Metadata) of all other writes, and of every read of the product. A watch
 * has two lines: ResponseStarted when it begins, ResponseComplete when it ends.
 */

/** The service account of the product, as RBAC names it. */
export const productUser = 'system:serviceaccount:tidb-runbooks:tidb-runbooks';

const writes = ['create', 'update', 'patch', 'delete', 'deletecollection'];
const reads = ['get', 'list', 'watch'];

/** The first rule that fits decides. JSON is YAML. */
export const auditPolicy = JSON.stringify({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    // The API server talks to itself all the time: identity leases, RBAC bootstrap, caches.
    { level: 'None', users: ['system:apiserver'] },
    { level: 'Metadata', users: [productUser], verbs: reads },
    { level: 'None', verbs: reads },
    { level: 'None', resources: [{ group: '', resources: ['events'] }, { group: 'events.k8s.io' }] },
    { level: 'Metadata', resources: [{ group: '', resources: ['secrets', 'serviceaccounts/token'] }] },
    { level: 'Request', verbs: writes, resources: [{ group: 'pingcap.com' }, { group: 'coordination.k8s.io' }, { group: 'apps' }] },
    { level: 'Request', verbs: writes, users: [productUser] },
    { level: 'Metadata', verbs: writes },
    { level: 'None' },
  ],
});
