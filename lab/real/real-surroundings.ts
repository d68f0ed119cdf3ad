/** What the processes in the pods of one cluster need beside the twins' own surroundings when the operator is the real one. */
import type { LookupFunction } from 'node:net';
import type { Watchdog } from '../control-plane/watchdog.ts';
import type { Surroundings } from '../database/processes/process.ts';
import type { Sockets } from './network/sockets.ts';

/** Names as a pod of this cluster resolves them. */
export interface ClusterResolver {
  /** Addresses, or undefined when there is no such name. */
  addresses(name: string): string[] | undefined;
  lookup: LookupFunction;
}

export interface RealSurroundings extends Surroundings {
  sockets: Sockets;
  names: ClusterResolver;
  /** The words before a command that make it run inside the cluster's network. */
  entrance: string[];
  /** Keeps the etcd on this address from its peers, or lets it reach them again. */
  cutPeers: (address: string, cut: boolean) => void;
  /** The lab's directory. */
  directory: string;
  /** Paths of the programs. */
  etcd: string;
  oldEtcd: string;
  watchdog: Watchdog;
}
