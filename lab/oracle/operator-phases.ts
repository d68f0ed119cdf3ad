/** What the operator writes of components into `status`, their phases and whether it could read them: part of what proves a step. */
import { z } from 'zod';
import type { AuditedRequest } from './audit-log.ts';
import { allComponents } from './component-versions.ts';
import type { Place } from './places.ts';

export interface PhaseChange {
  at: number;
  place: Place;
  component: string;
  phase: string;
  /** False: the operator could not read the component itself, such as a capture that does not answer yet. */
  isSynced: boolean;
}

const phased = z.object({ phase: z.string(), synced: z.boolean().default(true) }).optional().catch(undefined);
const bodySchema = z.object({ status: z.looseObject({ pdms: z.record(z.string(), phased).optional().catch(undefined) }) });

export class OperatorPhases {
  readonly changes: PhaseChange[] = [];
  readonly #known = new Map<string, PhaseChange>();

  /** Takes the accepted writes of TidbClusters in the order of time. */
  see(place: Place, { at, body }: AuditedRequest): void {
    const status = bodySchema.safeParse(body).data?.status;
    if (!status) return;
    for (const component of allComponents) {
      const own = phased.parse(status.pdms?.[component] ?? status[component]);
      const key = `${place.id} ${component}`;
      const known = this.#known.get(key);
      if (!own || (known?.phase === own.phase && known.isSynced === own.synced)) continue;
      const change = { at, place, component, phase: own.phase, isSynced: own.synced };
      this.#known.set(key, change);
      this.changes.push(change);
    }
  }
}
