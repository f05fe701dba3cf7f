import { RoseError } from '@rose/contract';
import { LRUCache } from 'lru-cache';

const HOUR_MS = 60 * 60 * 1000;
/** Addresses that nobody has, an hour. */
const MOST = 20;
const MOST_ACCOUNTS = 10_000;

/** How often an account may name an address that nobody has an account with: nobody finds out by trying who is here. */
export class UnknownAddresses {
  /** When, ms, oldest first. */
  readonly #moments = new LRUCache<number, number[]>({ max: MOST_ACCOUNTS, ttl: HOUR_MS });

  /**
   * Counts a try before its answer is known, so that many at once are counted too.
   * @returns takes it back: the address was right
   * @throws RoseError TOO_MANY_REQUESTS
   */
  count(accountId: number): () => void {
    const now = Date.now();
    const recent = this.#moments.get(accountId) ?? [];
    while (recent[0] !== undefined && recent[0] <= now - HOUR_MS) recent.shift();
    if (recent[0] !== undefined && recent.length >= MOST) throw tooMany(Math.ceil((recent[0] + HOUR_MS - now) / 1000));
    recent.push(now);
    this.#moments.set(accountId, recent);
    return () => {
      const index = recent.indexOf(now);
      if (index >= 0) recent.splice(index, 1);
    };
  }
}

function tooMany(retryAfterSeconds: number): RoseError<'TOO_MANY_REQUESTS'> {
  const minutes = Math.ceil(retryAfterSeconds / 60);
  const message = `You named too many addresses that nobody has here. Try again in ${minutes} minutes.`;
  return new RoseError('TOO_MANY_REQUESTS', message, { retryAfterSeconds });
}
