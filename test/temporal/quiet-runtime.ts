/** Temporal's runtime in this process, which says nothing but errors. */
import { DefaultLogger, makeTelemetryFilterString, Runtime } from '@temporalio/worker';

const logger = new DefaultLogger('ERROR');
let isQuiet = false;

/** Once per process, before anything of Temporal's core is made. */
export function quietRuntime(): void {
  if (!isQuiet) Runtime.install({ logger, telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }) } } });
  isQuiet = true;
}
