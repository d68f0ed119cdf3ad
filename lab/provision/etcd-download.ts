/** etcd as its publisher releases it. */
import { arch, platform } from 'node:os';
import type { Source } from './ladder.ts';
import { officialDownload } from './official-download.ts';

export function etcdDownload(version: string): Source {
  const archive = `etcd-v${version}-${platform()}-${arch() === 'x64' ? 'amd64' : arch()}`;
  const release = `https://github.com/etcd-io/etcd/releases/download/v${version}`;
  return officialDownload({ url: `${release}/${archive}.tar.gz`, checksums: `${release}/SHA256SUMS`, member: `${archive}/etcd`, file: 'etcd' });
}
