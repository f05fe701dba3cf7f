import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { RoseError } from '@rose/contract';
import { ROLES, type Role } from './trpc.ts';

/**
 * The role of a caller who knows the secret of this container.
 * @throws RoseError UNAUTHENTICATED
 */
export function roleOfCaller(headers: IncomingHttpHeaders, secret: string): Role {
  const given = headers['x-rose-secret'];
  if (typeof given !== 'string' || !sameSecret(given, secret)) {
    throw new RoseError('UNAUTHENTICATED', 'The secret of this container is missing or wrong.');
  }
  const role = ROLES.find((known) => known === headers['x-rose-role']);
  if (role === undefined) throw new RoseError('UNAUTHENTICATED', `x-rose-role must be one of ${ROLES.join(', ')}.`);
  return role;
}

/** Takes the same time wherever the two differ; hashing makes the lengths equal. */
function sameSecret(given: string, secret: string): boolean {
  return timingSafeEqual(sha256(given), sha256(secret));
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
