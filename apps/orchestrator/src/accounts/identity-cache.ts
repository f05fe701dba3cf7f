import { LRUCache } from 'lru-cache';
import { digest } from '../drivers/sessions/index.ts';
import type { Credential, Identity } from './identity.ts';

/** How long an end that another process brought about may go unnoticed, ms. */
const FRESH_MS = 2000;
const MOST = 10_000;

/**
 * Who came with which secret a moment ago, so that a call into a workspace need not ask the
 * database first. What this process ends is forgotten at once, also while it is being looked up.
 */
export class IdentityCache {
  readonly #known = new LRUCache<string, Identity>({ max: MOST, ttl: FRESH_MS });
  #endings = 0;

  /** The identity that `look` finds for the secret, or found a moment ago. Nobody is not remembered. */
  async get(secret: string, look: () => Promise<Identity | null>): Promise<Identity | null> {
    const key = digest(secret);
    const known = this.#known.get(key);
    if (known !== undefined && known.expiresAt > new Date()) return known;
    const endings = this.#endings;
    const found = await look();
    if (found !== null && endings === this.#endings) this.#known.set(key, found);
    return found;
  }

  forget({ kind, key }: Credential): void {
    this.#endings += 1;
    for (const [secret, { credential }] of this.#known.entries()) {
      if (credential.kind === kind && credential.key === key) this.#known.delete(secret);
    }
  }
}
