/**
 * A schema that is made when it is asked for, and forgotten. A run reads its input once and some decisions; the schemas of all runbooks, kept for its
 * whole life, would be 0.2 MB of each run that a worker has in memory.
 */
export function onDemand<T>(make: () => T): () => T {
  return make;
}
