/** How much flows from one node to another through edges of whole capacities (Ford and Fulkerson; a few dozen nodes). */

export interface Edge {
  from: string;
  to: string;
  capacity: number;
}

type Residual = Map<string, Map<string, number>>;

export function maximumFlow(edges: readonly Edge[], source: string, sink: string): number {
  const residual: Residual = new Map();
  for (const { from, to, capacity } of edges) add(residual, from, to, capacity);
  let flow = 0;
  while (augment(residual, source, sink, new Set())) flow += 1;
  return flow;
}

function add(residual: Residual, from: string, to: string, capacity: number): void {
  const out = residual.get(from) ?? new Map<string, number>();
  residual.set(from, out.set(to, (out.get(to) ?? 0) + capacity));
}

/** Finds one more way and sends one unit along it; what was sent may be taken back by a later way. */
function augment(residual: Residual, at: string, sink: string, seen: Set<string>): boolean {
  if (at === sink) return true;
  seen.add(at);
  for (const [next, capacity] of residual.get(at) ?? []) {
    if (capacity === 0 || seen.has(next) || !augment(residual, next, sink, seen)) continue;
    add(residual, at, next, -1);
    add(residual, next, at, 1);
    return true;
  }
  return false;
}
