/** Whose deeds are judged: the product's service account, or a script that is known by its user agent. */
import { productUser } from '../control-plane/audit-policy.ts';
import type { AuditedRequest } from './audit-log.ts';

/** All that is given must fit; `userAgent` is the beginning of one, such as `kubectl/`. */
export interface Author {
  user?: string;
  userAgent?: string;
}

export const product: Author = { user: productUser };

export function isBy({ user, userAgent }: Author, request: AuditedRequest): boolean {
  return (user === undefined || request.user === user) && (userAgent === undefined || request.userAgent.startsWith(userAgent));
}
