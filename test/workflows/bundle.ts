/** The bundle of the workflows, made once for a state of the sources: each making takes two seconds of a processor. */
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { cachedDirectory } from '../../lab/provision/cache.ts';
import { preloadModules } from '../../src/build/preload.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const workflowsPath = join(root, 'src/workflows/index.ts');

/** As a worker takes it. */
export async function bundleWorkflows(): Promise<{ codePath: string }> {
  const directory = await cachedDirectory(join(root, 'node_modules/.cache/tidb-runbooks'), `workflows-${await stateOfSources()}`, async (into) => {
    const { code } = await bundleWorkflowCode({ workflowsPath, preloadModules, logger: new DefaultLogger('ERROR') });
    await writeFile(join(into, 'bundle.js'), code);
  });
  return { codePath: join(directory, 'bundle.js') };
}

/** Of all that a bundle is made from, and more. */
async function stateOfSources(): Promise<string> {
  const sources = (await readdir(join(root, 'src'), { recursive: true })).filter((name) => name.endsWith('.ts')).sort();
  const hash = createHash('sha256');
  for (const name of [...sources.map((each) => join('src', each)), 'package-lock.json']) hash.update(name).update(await readFile(join(root, name)));
  return hash.digest('hex').slice(0, 16);
}
