import { RoseError } from '@rose/contract';
import { LRUCache } from 'lru-cache';

/**
 * How often a password may be tried. Nobody can lock an owner out: an account is never closed
 * as a whole, only for one source. A source is an address, or a device that has signed in to
 * this account before (its cookie proves it, see device.ts), which has tries of its own even
 * where an attacker shares the address. When an account is under attack from many addresses,
 * each unknown one gets fewer tries, but never none.
 */

const MINUTE_MS = 60_000;
/** Wrong passwords a minute. */
const LIMITS = { source: 10, sourceUnderAttack: 2, address: 60, underAttack: 30 };
/** Buckets of each kind; the longest unused are forgotten first. */
const MOST_BUCKETS = 20_000;

/** When passwords were wrong, or are being tried: ms, oldest first, none older than a minute. */
type Bucket = number[];

export interface Attempt {
  email: string;
  address: string;
  /** null: the caller did not prove that he signed in before. */
  device: string | null;
}

export class Attempts {
  readonly #buckets = new LRUCache<string, Bucket>({ max: MOST_BUCKETS, ttl: MINUTE_MS, updateAgeOnGet: true });

  /**
   * Counts a try before its password is looked at; call `forgive` when it was right.
   * @throws RoseError TOO_MANY_REQUESTS
   */
  count({ email, address, device }: Attempt): { forgive: () => void } {
    const now = Date.now();
    const account = this.#bucket(`account ${email}`, now);
    const source = this.#bucket(`source ${email} ${device ?? address}`, now);
    const everything = this.#bucket(`address ${address}`, now);
    const isUnderAttack = device === null && account.length >= LIMITS.underAttack;
    refuseOver(source, isUnderAttack ? LIMITS.sourceUnderAttack : LIMITS.source, now);
    if (device === null) refuseOver(everything, LIMITS.address, now);

    const counted = device === null ? [account, source, everything] : [source];
    for (const bucket of counted) bucket.push(now);
    return { forgive: () => counted.forEach((bucket) => forget(bucket, now)) };
  }

  #bucket(key: string, now: number): Bucket {
    const bucket = this.#buckets.get(key) ?? [];
    while (bucket[0] !== undefined && bucket[0] <= now - MINUTE_MS) bucket.shift();
    this.#buckets.set(key, bucket);
    return bucket;
  }
}

function forget(bucket: Bucket, moment: number): void {
  const index = bucket.indexOf(moment);
  if (index >= 0) bucket.splice(index, 1);
}

function refuseOver(bucket: Bucket, most: number, now: number): void {
  const oldest = bucket.at(-most);
  if (oldest === undefined) return;
  const retryAfterSeconds = Math.max(1, Math.ceil((oldest + MINUTE_MS - now) / 1000));
  throw new RoseError(
    'TOO_MANY_REQUESTS',
    `Too many wrong passwords from here. Try again in ${retryAfterSeconds} seconds.`,
    { retryAfterSeconds },
  );
}
