import { digest } from '../drivers/sessions/index.ts';
import { FreshCache } from '../fresh-cache.ts';
import type { Credential, Identity } from './identity.ts';

/** Who came with which secret a moment ago. Secrets are not kept, only their digests. */
export class IdentityCache {
  readonly #known = new FreshCache<Identity>();

  /** The identity that `look` finds for the secret, or found a moment ago. */
  async get(secret: string, look: () => Promise<Identity | null>): Promise<Identity | null> {
    const found = await this.#known.get(digest(secret), look);
    return found !== null && found.expiresAt <= new Date() ? await look() : found;
  }

  forget({ kind, key }: Credential): void {
    this.#known.forget(({ credential }) => credential.kind === kind && credential.key === key);
  }
}
