/** Builds the workflow bundle that a compiled worker loads. It must be made by the version of @temporalio/worker that runs it. */
import { writeFile } from 'node:fs/promises';
import { bundleWorkflowCode } from '@temporalio/worker';
import { preloadModules } from './preload.ts';

const root = new URL('../../', import.meta.url);
const { code } = await bundleWorkflowCode({ workflowsPath: new URL('src/workflows/index.ts', root).pathname, preloadModules });
await writeFile(new URL('dist/workflow-bundle.js', root), code);
