import type { RoseError } from '@rose/contract';
import { session } from '#lib/account/session.svelte.ts';
import { failureOf } from './failure.ts';
import { reactionTo } from './reactions.ts';

/**
 * The failure that must be shown for an error; null when there is nothing to show. When the
 * session is over, this ends it here as well.
 */
export function afterFailure(error: unknown): RoseError | null {
  const failure = failureOf(error);
  const reaction = reactionTo(failure);
  if (reaction === 'sign-in') session.end();
  return reaction === 'ignore' ? null : failure;
}
