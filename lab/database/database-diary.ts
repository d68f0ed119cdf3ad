/** Writes down what changed in a database between two ticks: leaders, members, store states, shortage of regions. */
import type { Fact, RecordFact } from '../event-log.ts';
import type { Database } from './database.ts';
import type { Origin } from './model.ts';

export class DatabaseDiary {
  readonly #name: string;
  readonly #record: RecordFact;
  /** When the look was taken whose facts are written: they count what they do not tell of yet, so they are of one moment. */
  #moment: { time?: string } = {};
  /** The last written value of every fact, by a key of its own. */
  readonly #known = new Map<string, string>();

  constructor(name: string, record: RecordFact) {
    this.#name = name;
    this.#record = record;
  }

  write(kind: string, origin: Origin, more: Omit<Fact, 'kind'> = {}): void {
    const { kubernetesCluster, namespace, tidbCluster, pod } = origin;
    this.#tell({ kind, kubernetesCluster, namespace, tidbCluster, pod, ...more });
  }

  compare(database: Database): void {
    this.#moment = { time: new Date().toISOString() };
    this.#compareMembers(database);
    this.#compareStores(database);
    const shortage = { missing: database.missing(), pending: database.pending(), down: database.regions.down().length };
    this.#changed('regions', JSON.stringify(shortage), () => this.#tell({ kind: 'region-shortage', ...shortage }));
    this.#moment = {};
  }

  #tell(fact: Fact): void {
    this.#record({ ...this.#moment, ...fact, database: this.#name });
  }

  #compareMembers(database: Database): void {
    const { members } = database;
    const counts = { alive: members.alive().length, members: members.all.length };
    for (const member of members.all) {
      this.#changed(`member ${member.id}`, String(member.alive), (before) => {
        if (before !== undefined || member.alive) this.write(member.alive ? 'member-up' : 'member-down', member.origin, { component: 'pd', member: member.name, ...counts });
      });
    }
    const leader = members.leader?.name ?? null;
    this.#changed('leader', String(leader), () => this.#tell({ kind: 'pd-leader', leader, ...counts }));
  }

  #compareStores(database: Database): void {
    const states = [...database.stores.all.values()].map((store) => ({ store, state: database.stateName(store) }));
    const up = states.filter(({ store, state }) => store.engine === 'tikv' && state === 'Up').length;
    const tikv = states.filter(({ store }) => store.engine === 'tikv' && store.state !== 'Tombstone');
    const serving = { serving: tikv.filter(({ store }) => store.awaySince === undefined).length, stores: tikv.length };
    for (const { store, state } of states) {
      this.#changed(`away ${store.id}`, String(store.awaySince === undefined), (before) => {
        const kind = store.awaySince === undefined ? 'store-back' : 'store-away';
        if (before !== undefined || kind === 'store-back') this.write(kind, store.origin, { component: store.engine, store: store.id, engine: store.engine, version: store.version, ...serving });
      });
      this.#changed(`store ${store.id}`, state, (before) =>
        this.write('store-state', store.origin, { component: store.engine, store: store.id, engine: store.engine, from: before ?? null, to: state, up, version: store.version }));
      if (!database.isEvicting(store)) continue;
      const leaders = database.regions.leadersOn(store.id);
      this.#changed(`leaders ${store.id}`, String(leaders), () => this.write('leaders', store.origin, { component: store.engine, store: store.id, leaders }));
    }
  }

  #changed(key: string, value: string, tell: (before: string | undefined) => void): void {
    const before = this.#known.get(key);
    if (before === value) return;
    this.#known.set(key, value);
    tell(before);
  }
}
