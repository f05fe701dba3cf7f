import { createHash } from 'node:crypto';

/** SHA-256, base64url: how a secret of full entropy is stored, so that the database signs nobody in. */
export function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
