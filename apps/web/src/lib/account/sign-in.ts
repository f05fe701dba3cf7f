import { goto } from '$app/navigation';
import type { RoseError } from '@rose/contract';
import { failureOf } from '#lib/api/failure.ts';
import { rose } from '#lib/api/rose.ts';
import { toasts } from '#lib/ui/toasts.svelte.ts';
import { session } from './session.svelte.ts';

const HOME = '/';

/** Asks who is signed in. Returns the failure when that cannot be found out. */
export async function recallSession(): Promise<RoseError | null> {
  try {
    session.begin(await rose.accounts.me.query());
    return null;
  } catch (error) {
    const failure = failureOf(error);
    if (failure.code !== 'UNAUTHENTICATED') return failure;
    session.end();
    return null;
  }
}

export async function signIn(input: { email: string; password: string }, next: string | null): Promise<void> {
  session.begin(await rose.accounts.signIn.mutate(input));
  await goto(localAddress(next));
}

export async function signUp(
  input: { email: string; name: string; password: string },
  next: string | null,
): Promise<void> {
  session.begin(await rose.accounts.signUp.mutate(input));
  await goto(localAddress(next));
}

/** Signs out; says so when the server could not be told. */
export async function signOut(): Promise<void> {
  try {
    await rose.accounts.signOut.mutate();
  } catch (error) {
    const failure = failureOf(error);
    if (failure.code !== 'UNAUTHENTICATED') {
      toasts.complain(failure.message);
      return;
    }
  }
  session.end();
}

/** Where the sign-in page leads to; never away from here, whatever a link says. */
export function localAddress(next: string | null): string {
  if (next === null || !URL.canParse(next, location.origin)) return HOME;
  const { origin, pathname, search } = new URL(next, location.origin);
  return origin === location.origin ? pathname + search : HOME;
}
