import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';

/** Between two looks, ms: a message costs its receivers far more than what it says. */
const PACE_MS = 50;

/**
 * What a thread sends until it ends, each time all that has come.
 * @throws what ended the thread, or the signal's reason
 */
export async function* messagesOf<T>(worker: Worker, signal: AbortSignal): AsyncGenerator<T[]> {
  let inbox: T[] = [];
  const faults: unknown[] = [];
  let hasEnded = false;
  const ended = Promise.withResolvers<void>();
  let news = Promise.withResolvers<void>();
  const take = (message: T): void => {
    inbox.push(message);
    news.resolve();
  };
  const end = (): void => {
    hasEnded = true;
    ended.resolve();
    news.resolve();
  };
  const fail = (error: unknown): void => {
    faults.push(error);
    end();
  };
  const leave = (): void => fail(signal.reason);
  worker.on('message', take).once('error', fail).once('exit', end);
  signal.addEventListener('abort', leave, { once: true });
  if (signal.aborted) leave();
  try {
    while (inbox.length > 0 || !hasEnded) {
      await news.promise;
      news = Promise.withResolvers();
      const messages = inbox;
      inbox = [];
      if (messages.length > 0) yield messages;
      await Promise.race([sleep(PACE_MS), ended.promise]);
    }
    if (faults.length > 0) throw faults[0];
  } finally {
    worker.off('message', take);
    signal.removeEventListener('abort', leave);
  }
}
