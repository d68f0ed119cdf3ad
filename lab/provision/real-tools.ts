/** What only the lab with the real TiDB Operator needs: the operator, its discovery, and an etcd with the old v2 API. */
import { debianPackage } from './debian-package.ts';
import { etcdDownload } from './etcd-download.ts';
import { goProgram } from './go-module.ts';
import type { Source, Tool } from './ladder.ts';

const versions = { operator: '1.6.6', oldEtcd: '3.4.23' } as const;

const operatorModule = 'github.com/pingcap/tidb-operator';
/** The module replaces its own parts by folders and two old names; a wrapper has to repeat that with versions. */
const replacements = [
  `${operatorModule}/pkg/apis => ${operatorModule}/pkg/apis v${versions.operator}`,
  `${operatorModule}/pkg/client => ${operatorModule}/pkg/client v${versions.operator}`,
  'github.com/renstrom/dedent => github.com/lithammer/dedent v1.1.0',
  'github.com/Azure/go-autorest => github.com/Azure/go-autorest v14.2.0+incompatible',
];

/** The publisher offers images only, so a build is the way. */
const operatorBuild = (command: string, file: string, patience: string): Source =>
  goProgram({
    module: operatorModule,
    version: `v${versions.operator}`,
    package: `${operatorModule}/cmd/${command}`,
    replacements,
    versionVariable: `${operatorModule}/pkg/version.gitVersion=v${versions.operator}`,
    go: '1.25',
    patience,
    file,
  });

export const realTools = {
  controllerManager: {
    name: 'tidb-controller-manager',
    version: versions.operator,
    file: 'tidb-controller-manager',
    variable: 'TIDB_RUNBOOKS_TIDB_CONTROLLER_MANAGER',
    sources: [operatorBuild('controller-manager', 'tidb-controller-manager', 'about three minutes on two cores')],
  },
  discovery: {
    name: 'tidb-discovery',
    version: versions.operator,
    file: 'tidb-discovery',
    variable: 'TIDB_RUNBOOKS_TIDB_DISCOVERY',
    sources: [operatorBuild('discovery', 'tidb-discovery', 'seconds after tidb-controller-manager, else three minutes')],
  },
  oldEtcd: {
    name: 'etcd-with-v2',
    version: versions.oldEtcd,
    file: 'etcd',
    variable: 'TIDB_RUNBOOKS_ETCD_WITH_V2',
    sources: [
      etcdDownload(versions.oldEtcd),
      debianPackage({ package: 'etcd-server', version: '3.4.', member: 'usr/bin/etcd', file: 'etcd' }),
    ],
  },
} as const satisfies Record<string, Tool>;
