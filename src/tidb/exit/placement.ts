/**
 * Can PD place every region by its rules on these stores? Per key range all rules hold together, and one store takes one peer of a region
 * (PD pkg/schedule/placement: rule.go, label_constraint.go, `prepareRulesForApply`; schedule/filter `isolationFilter`).
 */
import { canonical } from '../drift.ts';
import type { DatabaseView, LabelConstraint, PlacementRule, Store } from '../view.ts';
import { maximumFlow } from './flow.ts';
import type { Edge } from './flow.ts';

export interface Misfit {
  /** It is a rule for TiFlash replicas: `ALTER TABLE … SET TIFLASH REPLICA` mends it. */
  tiflash: boolean;
  /** In words, without a full stop. */
  problem: string;
}

/** Every rule that these stores cannot satisfy, and key ranges whose rules they satisfy one by one but not together. */
export function misfits(database: DatabaseView, stores: Store[]): Misfit[] {
  const sets = ruleSets(rulesOf(database));
  const alone = [...new Set(sets.flat())].flatMap((rule) => misfitAlone(rule, stores));
  return alone.length > 0 ? alone : sets.flatMap((rules) => misfitTogether(rules, stores));
}

/** Without placement rules PD places by `max-replicas` and the location labels, which is this rule. */
export function rulesOf(database: DatabaseView): PlacementRule[] {
  if (database.placementRules !== 'disabled') return database.placementRules;
  const { maxReplicas: count, locationLabels, isolationLevel } = database;
  return [{ groupId: 'configuration', id: 'max-replicas', index: 0, override: false, role: 'voter', count, startKey: '', endKey: '', locationLabels, isolationLevel, labelConstraints: [] }];
}

export function isForTiflash({ labelConstraints }: PlacementRule): boolean {
  return labelConstraints.some(({ key, op, values }) => key === 'engine' && op === 'in' && values.includes('tiflash'));
}

function misfitAlone(rule: PlacementRule, stores: Store[]): Misfit[] {
  const places = seatsOf(rule, stores).length;
  if (places >= rule.count) return [];
  const where = rule.labelConstraints.map(({ key, op, values }) => `${key} ${op} ${values.join(', ')}`).join(' and ');
  const isolated = rule.isolationLevel ? ` in different places by ${rule.isolationLevel}` : '';
  return [{ tiflash: isForTiflash(rule), problem: `rule ${rule.groupId}/${rule.id} wants ${rule.count} ${rule.role}s${where ? ` on stores with ${where}` : ''}${isolated}, and ${places} would remain` }];
}

function misfitTogether(rules: PlacementRule[], stores: Store[]): Misfit[] {
  const wanted = rules.reduce((sum, { count }) => sum + count, 0);
  const placed = peersPlaced(rules, stores);
  const names = rules.map(({ groupId, id }) => `${groupId}/${id}`).join(', ');
  return placed >= wanted ? [] : [{ tiflash: rules.every(isForTiflash), problem: `rules ${names} together want ${wanted} peers of a region on different stores, and only ${placed} would find one` }];
}

/** The sets of rules that some key range has, each once. A group that overrides other groups is not known here: its rules come on top, which is stricter. */
export function ruleSets(rules: PlacementRule[]): PlacementRule[][] {
  const borders = [...new Set(rules.flatMap(({ startKey, endKey }) => [startKey, endKey]))];
  const sets = borders.map((key) => inForce(rules.filter((rule) => rule.startKey <= key && (rule.endKey === '' || key < rule.endKey))));
  return [...new Map(sets.map((set) => [canonical(set.map(({ groupId, id }) => [groupId, id])), set])).values()];
}

/** Within a group an overriding rule replaces those before it. */
function inForce(rules: PlacementRule[]): PlacementRule[] {
  const isReplaced = (rule: PlacementRule): boolean => rules.some((later) => later.override && later.groupId === rule.groupId && isBefore(rule, later));
  return rules.filter((rule) => !isReplaced(rule));
}

function isBefore(one: PlacementRule, other: PlacementRule): boolean {
  return one.index < other.index || (one.index === other.index && one.id < other.id);
}

/** How many peers of one region find a store of their own. */
function peersPlaced(rules: PlacementRule[], stores: Store[]): number {
  const edges = rules.flatMap((rule, number): Edge[] => {
    const seats = seatsOf(rule, stores);
    return [{ from: 'region', to: `rule ${number}`, capacity: rule.count }, ...seats.flatMap((seat, at) => [{ from: `rule ${number}`, to: `seat ${number} ${at}`, capacity: 1 }, ...seat.map(({ id }) => ({ from: `seat ${number} ${at}`, to: `store ${id}`, capacity: 1 }))])];
  });
  return maximumFlow([...edges, ...stores.map(({ id }) => ({ from: `store ${id}`, to: 'placed', capacity: 1 }))], 'region', 'placed');
}

/** Stores of which the rule takes one each: with an isolation level those of one place together, else every store alone. */
function seatsOf(rule: PlacementRule, stores: Store[]): Store[][] {
  const fitting = stores.filter((store) => fits(store, rule.labelConstraints));
  const depth = rule.locationLabels.indexOf(rule.isolationLevel);
  if (rule.isolationLevel === '' || depth < 0) return fitting.map((store) => [store]);
  return [...Map.groupBy(fitting, (store) => canonical(rule.locationLabels.slice(0, depth + 1).map((label) => labelOf(store, label)))).values()];
}

/** A store with such a label takes only peers of rules that name the label: so TiFlash takes no ordinary peers. */
function isExclusive(label: string): boolean {
  return label.startsWith('$') || label === 'engine' || label === 'exclusive';
}

export function fits(store: Store, constraints: LabelConstraint[]): boolean {
  const unnamed = Object.keys(store.labels).some((label) => isExclusive(label) && !constraints.some(({ key }) => key === label));
  return !unnamed && constraints.every((constraint) => meets(store, constraint));
}

function meets(store: Store, { key, op, values }: LabelConstraint): boolean {
  const value = labelOf(store, key);
  switch (op) {
    case 'in':
      return value !== '' && values.includes(value);
    case 'notIn':
      return value === '' || !values.includes(value);
    case 'exists':
      return value !== '';
    case 'notExists':
      return value === '';
    default:
      // What a later PD brings is not understood, so no store counts as fit for it.
      return false;
  }
}

/** PD compares the names of labels without regard to case. */
export function labelOf(store: Store, label: string): string {
  return Object.entries(store.labels).find(([name]) => name.toLowerCase() === label.toLowerCase())?.[1] ?? '';
}
