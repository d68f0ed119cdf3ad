/** Looks at a TiDB cluster every 100 ms, as its PDs and processes see it, and keeps the worst of what it saw. */
import { setTimeout as delay } from 'node:timers/promises';
import type { DatabaseReport, LabClient } from '../../lab/client.ts';

const SAMPLE_MS = 100;

export interface Figures {
  samples: number;
  pdMembers: number;
  /** The fewest PD members that were alive and healthy at once. */
  fewestHealthyPds: number;
  /** Samples with less than a majority of PD, or without a leader. */
  samplesWithoutPd: number;
  /** The most TidbClusters of which some process was away in one sample. */
  mostTidbClustersDisturbed: number;
  /** The most processes away in one sample: PD, stores, TiDB. */
  mostPdsAway: number;
  mostStoresAway: number;
  mostTidbsAway: number;
  /** Changes of "DDL is paused", in their order. */
  ddl: ('paused' | 'running')[];
}

export class Measure {
  readonly #ending = new AbortController();
  readonly #done: Promise<Figures>;

  private constructor(lab: LabClient, name: string) {
    this.#done = this.#run(lab, name);
  }

  static start(lab: LabClient, name: string): Measure {
    return new Measure(lab, name);
  }

  async stop(): Promise<Figures> {
    this.#ending.abort();
    return this.#done;
  }

  async #run(lab: LabClient, name: string): Promise<Figures> {
    const figures: Figures = {
      samples: 0, pdMembers: 0, fewestHealthyPds: Number.POSITIVE_INFINITY, samplesWithoutPd: 0, mostTidbClustersDisturbed: 0, mostPdsAway: 0, mostStoresAway: 0, mostTidbsAway: 0, ddl: [],
    };
    while (!this.#ending.signal.aborted) {
      take(figures, await lab.database(name));
      await delay(SAMPLE_MS);
    }
    return figures;
  }
}

export function take(figures: Figures, { members, stores, servers, leader, ddlPaused }: DatabaseReport): void {
  const healthy = members.filter((member) => member.healthy).length;
  const pds = members.filter(({ alive }) => !alive);
  const away = stores.filter(({ isServing, state }) => !isServing && state !== 'Tombstone');
  const tidbs = servers.filter(({ component, alive }) => component === 'tidb' && !alive);
  const disturbed = new Set([...pds, ...away, ...tidbs].map(({ origin }) => `${origin.kubernetesCluster}/${origin.tidbCluster}`));
  figures.samples += 1;
  figures.pdMembers = members.length;
  figures.fewestHealthyPds = Math.min(figures.fewestHealthyPds, healthy);
  if (leader === null || healthy * 2 <= members.length) figures.samplesWithoutPd += 1;
  figures.mostTidbClustersDisturbed = Math.max(figures.mostTidbClustersDisturbed, disturbed.size);
  figures.mostPdsAway = Math.max(figures.mostPdsAway, pds.length);
  figures.mostStoresAway = Math.max(figures.mostStoresAway, away.length);
  figures.mostTidbsAway = Math.max(figures.mostTidbsAway, tidbs.length);
  const ddl = ddlPaused ? 'paused' : 'running';
  if (figures.ddl.at(-1) !== ddl) figures.ddl.push(ddl);
}
