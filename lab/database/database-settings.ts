/** What a person decides about a database: replicas, rules, labels and sizes of stores. Set when it is deployed, and changed while it runs. */
import { z } from 'zod';
import type { Origin, Store } from './model.ts';
import { ruleSchema } from './placement.ts';
import type { Labels, Rule } from './placement.ts';

const labels = z.record(z.string(), z.string());

/** To which stores it applies: everything given must fit; later ones win. */
const storeSetting = z.strictObject({
  kubernetesCluster: z.string().optional(),
  namespace: z.string().optional(),
  tidbCluster: z.string().optional(),
  pod: z.string().optional(),
  engine: z.enum(['tikv', 'tiflash']).optional(),
  labels: labels.optional(),
  capacityGiB: z.number().positive().optional(),
});
export type StoreSetting = z.infer<typeof storeSetting>;

export const databaseSettingsSchema = z.strictObject({
  maxReplicas: z.number().int().positive().optional(),
  /** PD's `location-labels`, the widest first. */
  locationLabels: z.array(z.string()).optional(),
  isolationLevel: z.string().optional(),
  /** Instead of PD's default rule; TiFlash's are added as `tiflashReplicas` says. `default` brings that back. */
  placementRules: z.union([z.array(ruleSchema), z.enum(['default', 'disabled'])]).optional(),
  /** Most TiFlash replicas of a table; 0: no table has any. Until it is set: one as soon as there is a TiFlash store. */
  tiflashReplicas: z.number().int().nonnegative().optional(),
  /** Added to those that were set before. */
  stores: z.array(storeSetting).optional(),
});
export type DatabaseSettings = z.infer<typeof databaseSettingsSchema>;
export type DatabaseSettingsInput = z.input<typeof databaseSettingsSchema>;

/** PD's default of `replication.max-replicas`. */
const defaultMaxReplicas = 3;
const defaultCapacityGiB = 100;

export class Configuration {
  maxReplicas = defaultMaxReplicas;
  locationLabels: string[] = [];
  isolationLevel = '';
  tiflashReplicas: number | undefined;
  #rules: Rule[] | 'default' | 'disabled' = 'default';
  readonly #stores: StoreSetting[] = [];

  change({ placementRules, stores = [], ...more }: DatabaseSettings): void {
    Object.assign(this, Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined)));
    this.#rules = placementRules ?? this.#rules;
    this.#stores.push(...stores);
  }

  get rulesEnabled(): boolean {
    return this.#rules !== 'disabled';
  }

  /** The rules in force; with rules disabled those that the replication configuration amounts to. */
  rules(hasTiflash: boolean): Rule[] {
    const voters = typeof this.#rules === 'string' ? [this.#defaultRule()] : this.#rules;
    const count = this.tiflashReplicas ?? (hasTiflash ? 1 : 0);
    return count > 0 ? [...voters, tiflashRule(count)] : voters;
  }

  #defaultRule(): Rule {
    return {
      group_id: 'pd', id: 'default', start_key: '', end_key: '', role: 'voter', count: this.maxReplicas,
      ...(this.locationLabels.length > 0 ? { location_labels: this.locationLabels } : {}),
      ...(this.isolationLevel ? { isolation_level: this.isolationLevel } : {}),
    };
  }

  labelsOf(store: Store): Labels {
    const own = this.#of(store).map((setting) => setting.labels ?? {});
    return Object.assign({}, ...own, store.engine === 'tiflash' ? { engine: 'tiflash' } : {}) as Labels;
  }
  capacityGiB(store: Store): number {
    return this.#of(store).findLast((setting) => setting.capacityGiB !== undefined)?.capacityGiB ?? defaultCapacityGiB;
  }

  #of({ origin, engine }: Store): StoreSetting[] {
    return this.#stores.filter((setting) => fits(setting, origin) && (setting.engine ?? engine) === engine);
  }
}

const fits = (setting: StoreSetting, origin: Origin): boolean =>
  (['kubernetesCluster', 'namespace', 'tidbCluster', 'pod'] as const).every((key) => setting[key] === undefined || setting[key] === origin[key]);

/** One table with TiFlash replicas, as TiDB makes the rule. */
const tiflashRule = (count: number): Rule => ({
  group_id: 'tiflash', id: 'table-100-r', index: 120, start_key: '', end_key: '', role: 'learner', count, label_constraints: [{ key: 'engine', op: 'in', values: ['tiflash'] }],
});
