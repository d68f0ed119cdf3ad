/** The phases of components that the operator writes into `status`: part of what proves a step. */
import { z } from 'zod';
import type { AuditedRequest } from './audit-log.ts';
import { allComponents } from './component-versions.ts';
import type { Place } from './places.ts';

export interface PhaseChange {
  at: number;
  place: Place;
  component: string;
  phase: string;
}

const phased = z.object({ phase: z.string() }).optional().catch(undefined);
const bodySchema = z.object({ status: z.looseObject({ pdms: z.record(z.string(), phased).optional().catch(undefined) }) });

export class OperatorPhases {
  readonly changes: PhaseChange[] = [];
  readonly #known = new Map<string, string>();

  /** Takes the accepted writes of TidbClusters in the order of time. */
  see(place: Place, { at, body }: AuditedRequest): void {
    const status = bodySchema.safeParse(body).data?.status;
    if (!status) return;
    for (const component of allComponents) {
      const phase = phased.parse(status.pdms?.[component] ?? status[component])?.phase;
      const key = `${place.id} ${component}`;
      if (phase === undefined || this.#known.get(key) === phase) continue;
      this.#known.set(key, phase);
      this.changes.push({ at, place, component, phase });
    }
  }
}
