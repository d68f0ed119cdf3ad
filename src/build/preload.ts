/** What all runs of a worker share of their bundle. Where the bundle is made at start or in a test, it is made of the sources. */
export const preloadModules = [new URL('./shared-by-runs.ts', import.meta.url).pathname];
