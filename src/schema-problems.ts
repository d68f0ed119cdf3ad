/** What a zod schema found wrong, as short sentences with the path of each: `tidbClusters.shop.initial.nam: no such field`. */
import type { z } from 'zod';

/** One sentence per problem, in the order of the schema; `subject` stands in front of problems of the whole value, which have no path. */
export function problemsOf(error: z.ZodError, subject: string): string[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.map(String).join('.');
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${path === '' ? key : `${path}.${key}`}: no such field`);
    return [`${path || subject}: ${sentenceOfIssue(issue)}`];
  });
}

/** The one sentence with which an input is refused, by a run and before one is started. */
export function refusalOfInput(type: string, error: z.ZodError): string {
  return `The input of ${type} cannot be used: ${problemsOf(error, 'the input').join('; ')}`;
}

function sentenceOfIssue(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_key') return issue.issues.map((inner) => inner.message).join(', ');
  if (issue.code === 'invalid_type') return wrongType(issue.message, issue.expected);
  return isEmptyText(issue) ? 'must not be empty' : issue.message;
}

/** zod says what came only in its message: "Invalid input: expected string, received undefined". */
function wrongType(message: string, expected: string): string {
  if (message.endsWith('received undefined')) return `is missing (${expected} expected)`;
  return message.replace(/^Invalid input: /, '');
}

function isEmptyText(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'too_small' && issue.origin === 'string' && issue.minimum === 1;
}
