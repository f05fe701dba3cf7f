import { RoseError } from '@rose/contract';

const WAIT_MS = 120_000;
const MAX_WAITING = 64;

/**
 * One deed at a time per key, in order of arrival. Waiting has a deadline and the queue a
 * bound; past either the answer is BUSY.
 */
export class Locks {
  readonly #tails = new Map<number, { last: Promise<void>; waiting: number }>();

  /** @throws RoseError BUSY, CANCELLED */
  async hold(key: number, signal?: AbortSignal): Promise<Disposable> {
    const queue = this.#tails.get(key) ?? { last: Promise.resolve(), waiting: 0 };
    if (queue.waiting >= MAX_WAITING) throw busy();
    this.#tails.set(key, queue);
    const before = queue.last;
    const { promise: done, resolve: release } = Promise.withResolvers<void>();
    queue.last = before.then(() => done);
    queue.waiting += 1;
    const leave = (): void => {
      release();
      queue.waiting -= 1;
      if (queue.waiting === 0) this.#tails.delete(key);
    };
    try {
      await withDeadline(before, signal);
    } catch (error) {
      leave();
      throw error;
    }
    return { [Symbol.dispose]: leave };
  }
}

async function withDeadline(turn: Promise<void>, signal?: AbortSignal): Promise<void> {
  const { promise: given, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(busy()), WAIT_MS);
  const cancel = (): void => reject(new RoseError('CANCELLED', 'The call was cancelled while it waited for its turn.'));
  signal?.addEventListener('abort', cancel, { once: true });
  if (signal?.aborted === true) cancel();
  try {
    await Promise.race([turn, given]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', cancel);
  }
}

function busy(): RoseError<'BUSY'> {
  return new RoseError(
    'BUSY',
    'Another save, load or change of this project is running. Try again when it is through.',
  );
}
