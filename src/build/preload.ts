/** What all runs of a worker share of their bundle. */

/** zod keeps nothing of a run, and loaded for each anew it would take 0.6 MB and 4 ms of every one. */
export const preloadModules = ['zod'];
