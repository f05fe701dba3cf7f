import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks `check` again and again until it answers something other than null.
 * @returns null when `milliseconds` passed first.
 * @throws the signal's reason when it aborts.
 */
export async function poll<T>(
  milliseconds: number,
  everyMilliseconds: number,
  check: () => T | null | Promise<T | null>,
  signal?: AbortSignal,
): Promise<T | null> {
  const deadline = performance.now() + milliseconds;
  for (;;) {
    signal?.throwIfAborted();
    const answer = await check();
    if (answer !== null) return answer;
    if (performance.now() >= deadline) return null;
    await sleep(everyMilliseconds, undefined, { signal });
  }
}

/** Settles with `promise`, or as undefined after some time: for goodbyes to a peer that may be gone. */
export async function atMost<T>(milliseconds: number, promise: Promise<T>): Promise<T | undefined> {
  const limit = new AbortController();
  try {
    return await Promise.race([promise, sleep(milliseconds, undefined, { signal: limit.signal })]);
  } finally {
    limit.abort();
  }
}
