/** What a zod schema found wrong, as short sentences with the path of each: "tidbClusters.shop.initial: unknown key "nam"". */
import type { z } from 'zod';

/** One sentence per problem; `subject` stands in front of problems of the whole value, which have no path. */
export function problemsOf(error: z.ZodError, subject: string): string[] {
  return error.issues.map((issue) => `${issue.path.map(String).join('.') || subject}: ${sentenceOfIssue(issue)}`);
}

function sentenceOfIssue(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `unknown ${issue.keys.length === 1 ? 'key' : 'keys'} ${issue.keys.map((key) => `"${key}"`).join(', ')}`;
  if (issue.code === 'invalid_key') return issue.issues.map((inner) => inner.message).join(', ');
  if (issue.code === 'invalid_type') return wrongType(issue.message, issue.expected);
  return issue.message;
}

/** zod says what came only in its message: "Invalid input: expected string, received undefined". */
function wrongType(message: string, expected: string): string {
  if (message.endsWith('received undefined')) return `is missing (${expected} expected)`;
  return message.replace(/^Invalid input: /, '');
}
