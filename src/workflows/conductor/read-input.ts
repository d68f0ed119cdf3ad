/** Reads a workflow's one argument with its contract; problems become one sentence that names each with its path. */
import type { z } from 'zod';
import { refusalOfInput } from '../../schema-problems.ts';

export type Reading<Input> = { input: Input } | { problem: string };

export function readInput<Input>(contract: z.ZodType<Input>, raw: unknown, what: { type: string; example: Record<string, unknown> }): Reading<Input> {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return { problem: `${what.type} takes one JSON object, for example ${JSON.stringify(what.example)}, and got ${nameOfType(raw)}` };
  }
  const parsed = contract.safeParse(raw);
  return parsed.success ? { input: parsed.data } : { problem: refusalOfInput(what.type, parsed.error) };
}

function nameOfType(raw: unknown): string {
  if (raw === undefined) return 'nothing';
  if (raw === null) return 'null';
  return Array.isArray(raw) ? 'a list' : `a ${typeof raw}`;
}
