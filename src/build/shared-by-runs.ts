/**
 * Loaded once for all runs of a worker (`preloadModules` of its bundle), and frozen: only what keeps nothing of a run. zod loaded for each run anew would
 * take 0.7 MB of every one. The package calls itself free of side effects, so an import alone would be left out of the bundle; and with its first
 * object it completes its configuration, which it could not do when it is frozen.
 */
import { z } from 'zod';

z.strictObject({});
