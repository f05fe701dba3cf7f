import { RoseError } from '@rose/contract';

export interface SlotsOptions {
  /** Uses at once, for each key. */
  most: number;
  /** More wait for a turn, at most so many of each key. */
  mostWaiting: number;
  /** No longer than this, ms. */
  waitMs: number;
}

interface Use {
  taken: number;
  /** In the order of their arrival; called when it is one's turn. */
  waiting: Set<() => void>;
}

/** So many uses of a thing at once and no more, for each key. */
export class Slots {
  readonly #options: SlotsOptions;
  readonly #uses = new Map<number, Use>();

  constructor(options: SlotsOptions) {
    this.#options = options;
  }

  /** @throws RoseError TOO_MANY_REQUESTS; CANCELLED */
  async hold(key: number, signal: AbortSignal): Promise<Disposable> {
    const use = this.#uses.get(key) ?? { taken: 0, waiting: new Set() };
    this.#uses.set(key, use);
    if (use.taken >= this.#options.most) await this.#turn(use, signal);
    else use.taken += 1;
    return { [Symbol.dispose]: () => this.#leave(key, use) };
  }

  /** Waits until somebody who leaves hands over his slot. */
  async #turn(use: Use, signal: AbortSignal): Promise<void> {
    if (use.waiting.size >= this.#options.mostWaiting) throw tooMany();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = (error: RoseError): void => {
      use.waiting.delete(resolve);
      reject(error);
    };
    const cancel = (): void => giveUp(new RoseError('CANCELLED', 'The caller left while he waited for his turn.'));
    const timer = setTimeout(() => giveUp(tooMany()), this.#options.waitMs);
    use.waiting.add(resolve);
    signal.addEventListener('abort', cancel, { once: true });
    if (signal.aborted) cancel();
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', cancel);
    }
  }

  #leave(key: number, use: Use): void {
    const [next] = use.waiting;
    if (next !== undefined) {
      use.waiting.delete(next);
      return next();
    }
    use.taken -= 1;
    if (use.taken === 0) this.#uses.delete(key);
  }
}

function tooMany(): RoseError<'TOO_MANY_REQUESTS'> {
  return new RoseError(
    'TOO_MANY_REQUESTS',
    'Too many connections to previews of this project are open. Close pages that nobody needs.',
    { retryAfterSeconds: 5 },
  );
}
