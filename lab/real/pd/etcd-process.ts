/** The etcd inside a PD: a real etcd process on the pod's address, inside the cluster's network. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from '../../control-plane/child.ts';
import type { Watchdog } from '../../control-plane/watchdog.ts';
import type { ServerTls } from '../../database/http-routes.ts';

const peerPort = 2380;
/** PD's HTTP port is the twin's; etcd's own clients are served here, without TLS: only the twin knows it. */
const etcdClientPort = 12_379;
/** PD's defaults are 500 and 3000: shorter ones make an election as long as the lab's quick twins have it. Milliseconds. */
const heartbeatInterval = 100;
const electionTimeout = 1_000;
const privateMode = 0o600;

export interface EtcdSetting {
  binary: string;
  /** etcd 3.4 serves the old v2 API, and lacks one flag. */
  isOld: boolean;
  /** The words that lead into the cluster's network. */
  entrance: string[];
  title: string;
  address: string;
  directory: string;
  name: string;
  peerUrl: string;
  clientUrl: string;
  /** `name=url,…` of all members, and whether they form a new cluster; nothing for a member with data. */
  start: { initialCluster: string; state: 'new' | 'existing' } | undefined;
  tls: ServerTls | undefined;
  watchdog: Watchdog;
}

export const hasData = (directory: string): boolean => existsSync(join(directory, 'member', 'wal'));

export const etcdUrl = (address: string): string => `http://${address}:${etcdClientPort}`;

/** Its own failures end the process; `ended` of the child tells the last words. */
export function startEtcdOf(setting: EtcdSetting): Child {
  const { entrance, binary, directory, title, watchdog } = setting;
  mkdirSync(directory, { recursive: true });
  const [program = binary, ...words] = [...entrance, binary, ...flagsOf(setting)];
  return new Child({ title, binary: program, args: words, log: `${directory}.log` }, watchdog);
}

function flagsOf({ isOld, address, directory, name, peerUrl, clientUrl, start, tls }: EtcdSetting): string[] {
  const scheme = tls ? 'https' : 'http';
  return [
    `--name=${name}`,
    `--data-dir=${directory}`,
    `--listen-peer-urls=${scheme}://${address}:${peerPort}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--listen-client-urls=${etcdUrl(address)}`,
    `--advertise-client-urls=${clientUrl}`,
    ...(start ? [`--initial-cluster=${start.initialCluster}`, `--initial-cluster-state=${start.state}`] : [`--initial-cluster=${name}=${peerUrl}`]),
    `--heartbeat-interval=${heartbeatInterval}`,
    `--election-timeout=${electionTimeout}`,
    '--pre-vote',
    '--log-level=warn',
    '--logger=zap',
    ...(isOld ? ['--enable-v2'] : ['--unsafe-no-fsync']),
    ...(tls ? peerTls(directory, tls) : []),
  ];
}

/** Connections leave from the cluster's own address, not from the pod's, so the names in a peer's certificate cannot be checked against it. */
function peerTls(directory: string, tls: ServerTls): string[] {
  const file = (name: keyof ServerTls): string => {
    writeFileSync(`${directory}.${name}.pem`, tls[name], { mode: privateMode });
    return `${directory}.${name}.pem`;
  };
  return [`--peer-cert-file=${file('cert')}`, `--peer-key-file=${file('key')}`, `--peer-trusted-ca-file=${file('ca')}`, '--peer-client-cert-auth', '--experimental-peer-skip-client-san-verification'];
}
