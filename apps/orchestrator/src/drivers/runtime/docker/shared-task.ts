import { RoseError } from '@rose/contract';

/**
 * Work that several callers want at once and that runs once. Each caller may give up by his own
 * signal; the work itself is cancelled when the last one has.
 */
export class SharedTask<T> {
  readonly #work: (report: (line: string) => void, signal: AbortSignal) => Promise<T>;
  #running: { result: Promise<T>; listeners: Set<(line: string) => void>; controller: AbortController } | null = null;

  constructor(work: (report: (line: string) => void, signal: AbortSignal) => Promise<T>) {
    this.#work = work;
  }

  /** Whether nobody waits for it. */
  get isIdle(): boolean {
    return this.#running === null;
  }

  /** @throws RoseError CANCELLED when `signal` aborts; else what the work throws. */
  async run(report: (line: string) => void, signal?: AbortSignal): Promise<T> {
    if (signal?.aborted) throw cancelled(signal);
    const running = (this.#running ??= this.#start());
    // A line of its own, since two callers may bring the same function.
    const listener = (line: string): void => report(line);
    running.listeners.add(listener);
    const gaveUp = Promise.withResolvers<never>();
    const giveUp = (): void => gaveUp.reject(cancelled(signal));
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      return await Promise.race([running.result, gaveUp.promise]);
    } finally {
      signal?.removeEventListener('abort', giveUp);
      running.listeners.delete(listener);
      if (running.listeners.size === 0) {
        running.controller.abort();
        if (this.#running === running) this.#running = null;
      }
    }
  }

  #start() {
    const listeners = new Set<(line: string) => void>();
    const controller = new AbortController();
    const result = this.#work((line) => {
      for (const listener of listeners) listener(line);
    }, controller.signal);
    // Nobody may be waiting any more when it fails.
    result.catch(() => {});
    return { result, listeners, controller };
  }
}

function cancelled(signal?: AbortSignal): RoseError<'CANCELLED'> {
  return new RoseError('CANCELLED', 'Cancelled while waiting for the image.', {}, { cause: signal?.reason });
}
