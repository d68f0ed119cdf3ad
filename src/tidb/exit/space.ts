/** Is there room on the stores that remain for what is on the leaving ones? */
import type { Store } from '../view.ts';

/** PD moves no region to a store with less free than this share (`schedule.low-space-ratio` 0.8, PD's default). */
export const LEAST_FREE_SHARE = 0.2;

export interface Room {
  /** Bytes on the leaving stores. */
  needed: number;
  /** Bytes that the remaining stores take before PD calls one of them low on space. */
  free: number;
  /** Ids of stores that have not reported their sizes. */
  unknown: string[];
}

export function roomFor(leaving: Store[], remaining: Store[]): Room {
  const unknown = [...leaving.filter(({ usedSize }) => usedSize === undefined), ...remaining.filter(({ capacity, available }) => capacity === undefined || available === undefined)];
  return {
    needed: sum(leaving.map(({ usedSize = 0 }) => usedSize)),
    free: sum(remaining.map(({ capacity = 0, available = 0 }) => Math.max(0, available - capacity * LEAST_FREE_SHARE))),
    unknown: unknown.map(({ id }) => id),
  };
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

const GIBIBYTE = 1024 ** 3;

export function inGibibytes(bytes: number): string {
  return `${(bytes / GIBIBYTE).toFixed(1)} GiB`;
}
