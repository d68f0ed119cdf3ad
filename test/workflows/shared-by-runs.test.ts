/** What all runs of a worker share is in its bundle: a bundler that leaves it out makes every cached run ten times as large, and nothing else tells. */
import { readFile } from 'node:fs/promises';
import { bundleWorkflows } from './bundle.ts';

it('zod is loaded once for all runs, not for each anew', async () => {
  const code = await readFile((await bundleWorkflows()).codePath, 'utf8');
  const preload = /exports\.preloadModules = function preloadModules\(\) \{([^}]*)\}/.exec(code)?.[1];
  expect(preload).toContain('__webpack_require__(');
  const shared = code.split('!*** ./src/build/shared-by-runs.ts ***!')[1]?.split('/***/')[0];
  expect(shared).toContain('zod__WEBPACK_IMPORTED_MODULE');
});
