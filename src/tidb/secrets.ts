/** The Secrets of one TidbCluster by their documented names (§6.1; docs-tidb-operator release-1.6, enable-tls-*.md). */

const withCertificate = ['pd', 'tikv', 'tidb', 'tiflash', 'ticdc', 'tiproxy', 'pump', 'discovery'] as const;

export function componentSecret(tidbCluster: string, component: string): string {
  return `${tidbCluster}-${component}-cluster-secret`;
}

export function clusterClientSecret(tidbCluster: string): string {
  return `${tidbCluster}-cluster-client-secret`;
}

/** All that may exist: for what is left when a TidbCluster goes. */
export function allSecrets(tidbCluster: string): string[] {
  return [...withCertificate.map((component) => componentSecret(tidbCluster, component)), clusterClientSecret(tidbCluster), `${tidbCluster}-tidb-server-secret`, `${tidbCluster}-tidb-client-secret`];
}
