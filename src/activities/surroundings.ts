/** What activities stand on, given once by the worker: the inventory and the connections made from it. */
import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Inventory } from '../inventory.ts';
import type { KubernetesApi } from '../kubernetes/api.ts';
import type { WatchHub } from '../kubernetes/watch-hub.ts';
import type { PdAccess } from './observing/pd-access.ts';
import type { TidbClusterLists } from './observing/tidb-cluster-lists.ts';
import type { Paces } from './paces.ts';

export interface Surroundings {
  inventory: Inventory;
  /** By the name in the inventory. */
  kubernetes(name: string): KubernetesApi;
  hub: WatchHub;
  pd: PdAccess;
  tidbClusters: TidbClusterLists;
  paces: Paces;
  /** To ask whether the holder of a lock has ended. */
  temporal: Client;
  log: Logger;
}
