/** Which process a component's container runs. */
import type { Container, Process, Surroundings } from './process.ts';
import { startPd } from './pd-process.ts';
import { startServer } from './server-process.ts';
import { startStore } from './store-process.ts';

/** Throws StartFailure when the process would end by itself. */
export function startProcess(container: Container, surroundings: Surroundings): Process {
  switch (container.component) {
    case 'pd':
      return startPd(container, surroundings);
    case 'tikv':
    case 'tiflash':
      return startStore(container.component, container, surroundings);
    default:
      return startServer(container, surroundings);
  }
}
