/** Builds the workflow bundle that a compiled worker loads. It must be made by the version of @temporalio/worker that runs it. */
import { writeFile } from 'node:fs/promises';
import { bundleWorkflowCode } from '@temporalio/worker';

const root = new URL('../../', import.meta.url);
const { code } = await bundleWorkflowCode({ workflowsPath: new URL('src/workflows/index.ts', root).pathname });
await writeFile(new URL('dist/workflow-bundle.js', root), code);
