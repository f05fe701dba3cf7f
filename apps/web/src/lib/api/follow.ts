import type { RoseError } from '@rose/contract';
import { afterFailure } from './after-failure.ts';

export interface Followed<T> {
  open: (signal: AbortSignal) => Promise<AsyncIterable<T>>;
  take: (piece: T) => void;
  /** Nothing of that kind can be followed any more; else it is tried again. */
  isOver?: (failure: RoseError) => boolean;
}

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 15_000;

/**
 * Follows a stream that begins with what is so now, while the page can be seen: each stream takes one of the few
 * connections that a browser has for all its pages. Returns how to end it.
 */
export function follow<T>(followed: Followed<T>): () => void {
  let current: AbortController | null = null;
  const look = (): void => {
    if (document.visibilityState !== 'visible') {
      current?.abort();
      current = null;
    } else if (current === null) {
      current = new AbortController();
      void run(followed, current.signal);
    }
  };
  document.addEventListener('visibilitychange', look);
  look();
  return () => {
    document.removeEventListener('visibilitychange', look);
    current?.abort();
  };
}

async function run<T>({ open, take, isOver }: Followed<T>, signal: AbortSignal): Promise<void> {
  let pauseMs = FIRST_PAUSE_MS;
  while (!signal.aborted) {
    try {
      for await (const piece of await open(signal)) {
        if (signal.aborted) return;
        take(piece);
        pauseMs = FIRST_PAUSE_MS;
      }
    } catch (error) {
      if (signal.aborted) return;
      const failure = afterFailure(error);
      if (failure?.code === 'UNAUTHENTICATED' || (failure !== null && isOver?.(failure) === true)) return;
    }
    await pause(pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  return promise;
}
