import { LRUCache } from 'lru-cache';

/** How long what another process changed may go unnoticed, ms. */
const FRESH_MS = 2000;
const MOST = 10_000;

/**
 * What the database said a moment ago, so that not each call into a workspace has to ask it. What this process changes
 * is forgotten at once, also while it is being looked up.
 */
export class FreshCache<V extends object> {
  readonly #known = new LRUCache<string, V>({ max: MOST, ttl: FRESH_MS });
  #changes = 0;

  /** What `look` finds, or found a moment ago. That there is nothing is not remembered. */
  async get(key: string, look: () => Promise<V | null>): Promise<V | null> {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const changes = this.#changes;
    const found = await look();
    if (found !== null && changes === this.#changes) this.#known.set(key, found);
    return found;
  }

  /** Forgets every value that `isChanged`. */
  forget(isChanged: (value: V) => boolean): void {
    this.#changes += 1;
    for (const [key, value] of this.#known.entries()) if (isChanged(value)) this.#known.delete(key);
  }
}
