import { randomBytes } from 'node:crypto';
import { digest } from '../drivers/sessions/index.ts';
import type { Pass } from './pass.ts';
import type { Place } from './preview-hosts.ts';

const BYTES = 24;
/** A browser is on its way to the preview. */
const LIFE_MS = 60_000;
const MOST_OF_ACCOUNT = 100;

/** One-time tickets that carry a pass from RoSE's site to a preview's. */
export class Tickets {
  readonly #passes = new Map<string, { pass: Pass; expiresAt: Date }>();

  make(pass: Pass): { ticket: string; expiresAt: Date } {
    this.#forgetOld(pass.accountId);
    const ticket = randomBytes(BYTES).toString('base64url');
    const expiresAt = new Date(Date.now() + LIFE_MS);
    this.#passes.set(digest(ticket), { pass, expiresAt });
    return { ticket, expiresAt };
  }

  /** The pass of a ticket for this place, once. */
  take(ticket: string, { projectId, port }: Place): Pass | null {
    const key = digest(ticket);
    const found = this.#passes.get(key);
    this.#passes.delete(key);
    if (found === undefined || found.expiresAt <= new Date()) return null;
    return found.pass.projectId === projectId && found.pass.port === port ? found.pass : null;
  }

  /** What has expired, and the oldest of an account that has too many. They are in the order of their making. */
  #forgetOld(accountId: number): void {
    const now = new Date();
    for (const [key, { expiresAt }] of this.#passes) if (expiresAt <= now) this.#passes.delete(key);
    const own = [...this.#passes].filter(([, { pass }]) => pass.accountId === accountId);
    for (const [key] of own.slice(0, Math.max(0, own.length - MOST_OF_ACCOUNT + 1))) this.#passes.delete(key);
  }
}
