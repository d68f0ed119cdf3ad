/** All databases of the lab: which TidbCluster belongs to which, and what the volumes of their pods hold. */
import type { Database } from './database.ts';

/** A TidbCluster in one Kubernetes cluster. */
export interface TidbClusterKey {
  kubernetesCluster: string;
  namespace: string;
  name: string;
}

/** The part of a TidbCluster's spec that says to which database it belongs. */
export interface Belonging {
  key: TidbClusterKey;
  clusterDomain: string | undefined;
  hasPd: boolean;
  reference: { name: string; namespace: string; clusterDomain: string | undefined } | undefined;
}

/** What a PD or store process finds in its data directory. */
export type Volume = { database: Database; memberId: bigint } | { database: Database; storeId: number };

export const keyText = (key: TidbClusterKey): string => `${key.kubernetesCluster}/${key.namespace}/${key.name}`;

export class Databases {
  readonly volumes = new Map<string, Volume>();
  readonly #owners = new Map<string, Database>();
  readonly #names = new Map<string, string>();
  /** Names of databases to which TidbClusters belonged last: their pods outlive them for a moment. */
  readonly #lastNames = new Map<string, string>();
  readonly #create: (name: string, key: TidbClusterKey) => Database;
  readonly #belongings: () => Belonging[];

  /** `belongings` lists all TidbClusters of all Kubernetes clusters as they are now. */
  constructor(create: (name: string, key: TidbClusterKey) => Database, belongings: () => Belonging[]) {
    this.#create = create;
    this.#belongings = belongings;
  }

  all(): Database[] {
    return [...new Set(this.#owners.values())];
  }

  /** The name that the database of this (initial) TidbCluster will bear in the diary; without it, the TidbCluster's own. */
  baptize(key: TidbClusterKey, name: string): void {
    this.#names.set(keyText(key), name);
  }

  /** The name of a TidbCluster's database, also before its first process runs and after the TidbCluster is gone. */
  nameOf(key: TidbClusterKey): string {
    const belonging = this.belonging(key);
    const referenced = belonging && this.referenced(belonging);
    return this.of(key)?.name ?? (referenced && this.of(referenced.key)?.name) ?? this.#names.get(keyText(key)) ?? this.#lastNames.get(keyText(key)) ?? key.name;
  }

  /** A PD without data and without a cluster to join makes a new, empty database. */
  bootstrap(key: TidbClusterKey): Database {
    const database = this.#create(this.#names.get(keyText(key)) ?? key.name, key);
    this.adopt(key, database);
    return database;
  }
  adopt(key: TidbClusterKey, database: Database): void {
    this.#owners.set(keyText(key), database);
    this.#lastNames.set(keyText(key), database.name);
  }
  /** Forgets a deleted TidbCluster; its database ends with its last one. */
  forget(key: TidbClusterKey): void {
    this.#owners.delete(keyText(key));
  }

  /** The database that the TidbCluster's own PDs serve, or else the one of the TidbCluster to which it refers. */
  of(key: TidbClusterKey): Database | undefined {
    const own = this.#owners.get(keyText(key));
    if (own) return own;
    const belonging = this.belonging(key);
    if (!belonging || belonging.hasPd) return undefined;
    const referenced = this.referenced(belonging);
    return referenced && this.#owners.get(keyText(referenced.key));
  }

  belonging(key: TidbClusterKey): Belonging | undefined {
    return this.#belongings().find((one) => keyText(one.key) === keyText(key));
  }

  /**
   * The TidbCluster to which `spec.cluster` points. A name with a domain is found everywhere, one without only in the
   * same Kubernetes cluster, as DNS search lists have it (`observed.md`).
   */
  referenced(belonging: Belonging): Belonging | undefined {
    const { reference, key } = belonging;
    if (!reference) return undefined;
    return this.#belongings().find((other) =>
      other.key.name === reference.name && other.key.namespace === reference.namespace &&
      (reference.clusterDomain === undefined ? other.key.kubernetesCluster === key.kubernetesCluster : other.clusterDomain === reference.clusterDomain));
  }
}
