/** What every Temporal dev server of the tests is started with. */
import { searchAttributes } from '../../src/protocol/run.ts';

/** Without the first a timer takes at least a second, without the second each continue-as-new does. */
const quick = ['history.timerProcessorMaxTimeShift="10ms"', 'history.workflowIdReuseMinimalInterval="0s"'];

/** `more`: `key=JSON`. */
export const dynamicConfig = (more: readonly string[]): string[] => [...quick, ...more].flatMap((setting) => ['--dynamic-config-value', setting]);

export const attributes = Object.keys(searchAttributes) as (keyof typeof searchAttributes)[];
