/** Reads a workflow's one argument with its contract; problems become one sentence that names each with its path. */
import type { z } from 'zod';

export type Reading<Input> = { input: Input } | { problem: string };

export function readInput<Input>(contract: z.ZodType<Input>, raw: unknown, what: { type: string; example: Record<string, unknown> }): Reading<Input> {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    return { problem: `${what.type} takes one JSON object, for example ${JSON.stringify(what.example)}, and got ${nameOfType(raw)}` };
  }
  const parsed = contract.safeParse(raw);
  return parsed.success ? { input: parsed.data } : { problem: `The input of ${what.type} cannot be used: ${problemsOf(parsed.error)}` };
}

/** `version: needs …; gates: Invalid option: …`, in the order of the contract. */
export function problemsOf(error: z.ZodError): string {
  return error.issues.map(problemOf).join('; ');
}

function problemOf(issue: z.core.$ZodIssue): string {
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') return `${issue.keys.map((key) => pathOf(path, key)).join(', ')}: no such field`;
  const words = isEmptyText(issue) ? 'must not be empty' : issue.message;
  return path === '' ? words : `${path}: ${words}`;
}

function isEmptyText(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'too_small' && issue.origin === 'string' && issue.minimum === 1;
}

function pathOf(parent: string, key: string): string {
  return parent === '' ? key : `${parent}.${key}`;
}

function nameOfType(raw: unknown): string {
  if (raw === undefined) return 'nothing';
  if (raw === null) return 'null';
  return Array.isArray(raw) ? 'a list' : `a ${typeof raw}`;
}
