/** PD's placement rules: which stores may hold the peers of a region, and whether the peers that it has fit (`PD/pkg/schedule/placement`). */
import { z } from 'zod';
import type { Peer, Region } from './model.ts';

const labelConstraint = z.strictObject({ key: z.string(), op: z.enum(['in', 'notIn', 'exists', 'notExists']), values: z.array(z.string()).optional() });

/** A rule as PD reads and writes it. */
export const ruleSchema = z.strictObject({
  group_id: z.string(),
  id: z.string(),
  index: z.number().int().optional(),
  override: z.boolean().optional(),
  /** Hexadecimal; the twin's regions are all in every range. */
  start_key: z.string().default(''),
  end_key: z.string().default(''),
  role: z.enum(['voter', 'leader', 'follower', 'learner']).default('voter'),
  count: z.number().int().positive(),
  label_constraints: z.array(labelConstraint).optional(),
  location_labels: z.array(z.string()).optional(),
  isolation_level: z.string().optional(),
});
export type Rule = z.infer<typeof ruleSchema>;
export type RuleInput = z.input<typeof ruleSchema>;
export type Labels = Record<string, string>;

/** A store as placement sees it. */
export interface Site {
  id: number;
  labels: Labels;
}

/** A store with this label takes only peers whose rule names the label. */
const exclusiveLabel = 'engine';

/** `notIn` is true for a store without the label (`label_constraint.go`). */
export function allows({ label_constraints: constraints = [] }: Rule, labels: Labels): boolean {
  if (labels[exclusiveLabel] !== undefined && !constraints.some(({ key, op }) => key === exclusiveLabel && (op === 'in' || op === 'exists'))) return false;
  return constraints.every(({ key, op, values = [] }) => {
    const value = labels[key];
    switch (op) {
      case 'in':
        return value !== undefined && values.includes(value);
      case 'notIn':
        return value === undefined || !values.includes(value);
      case 'exists':
        return value !== undefined;
      case 'notExists':
        return value === undefined;
    }
  });
}

export const isLearner = ({ role }: Rule): boolean => role === 'learner';

/** What must differ between two peers of the rule: the labels down to its isolation level. Undefined: nothing must. */
function isolationOf({ location_labels: labels = [], isolation_level: level = '' }: Rule, site: Site): string | undefined {
  const depth = labels.indexOf(level);
  return depth < 0 ? undefined : JSON.stringify(labels.slice(0, depth + 1).map((key) => site.labels[key] ?? ''));
}

/** How far apart two stores stand: 0 when all location labels are equal. */
function distance({ location_labels: labels = [] }: Rule, one: Site, other: Site): number {
  const first = labels.findIndex((key) => (one.labels[key] ?? '') !== (other.labels[key] ?? ''));
  return first < 0 ? 0 : labels.length - first;
}

/** The closer other peers stand, the worse is a site; PD prefers sites without a peer nearby. */
export const remoteness = (rule: Rule, site: Site, others: readonly Site[]): number => others.reduce((sum, other) => sum + distance(rule, site, other), 0);

/** True when a peer of the rule may come to `site` beside those that are on `others` already. */
export function mayJoin(rule: Rule, site: Site, others: readonly Site[]): boolean {
  const own = isolationOf(rule, site);
  return allows(rule, site.labels) && (own === undefined || others.every((other) => isolationOf(rule, other) !== own));
}

/** Which peers serve a rule, and how many it still lacks. */
export interface Fit {
  rule: Rule;
  peers: Peer[];
  lacking: number;
}

/**
 * Gives each peer to one rule at most, the narrowest rules first, in the order of the peers. PD tries all combinations; for rules as they occur
 * (a default, some for zones, TiFlash's) the result is the same.
 */
export function fitsOf(region: Region, rules: readonly Rule[], siteOf: (store: number) => Site | undefined): Fit[] {
  const free = new Set(region.peers);
  const narrowFirst = [...rules].sort((one, other) => (other.label_constraints?.length ?? 0) - (one.label_constraints?.length ?? 0));
  return narrowFirst.map((rule) => {
    const [peers, sites]: [Peer[], Site[]] = [[], []];
    for (const peer of free) {
      const site = siteOf(peer.store);
      if (peers.length === rule.count || peer.learner !== isLearner(rule) || !site || !mayJoin(rule, site, sites)) continue;
      peers.push(peer);
      sites.push(site);
      free.delete(peer);
    }
    return { rule, peers, lacking: rule.count - peers.length };
  });
}

/** How well peers serve the rules: first none may lack, then the farther apart they stand, the better. */
export interface Grade {
  lacking: number;
  apart: number;
}

export function gradeOf(region: Region, rules: readonly Rule[], siteOf: (store: number) => Site | undefined): Grade {
  const fits = fitsOf(region, rules, siteOf);
  const apart = fits.map(({ rule, peers }) => {
    const sites = peers.flatMap(({ store }) => siteOf(store) ?? []);
    return sites.reduce((sum, site) => sum + remoteness(rule, site, sites), 0);
  });
  return { lacking: fits.reduce((sum, fit) => sum + fit.lacking, 0), apart: apart.reduce((sum, one) => sum + one, 0) };
}

/** Voters that every region is to have. */
export const votersWanted = (rules: readonly Rule[]): number => rules.filter((rule) => !isLearner(rule)).reduce((sum, { count }) => sum + count, 0);
