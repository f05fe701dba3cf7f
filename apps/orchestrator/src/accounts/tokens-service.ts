import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { notFound, RoseError, type CreatedToken, type TokenScope, type TokenView } from '@rose/contract';
import { digest } from '../drivers/sessions/index.ts';
import type { Identity } from './identity.ts';
import type { ApiToken, TokensRepository } from './tokens-repository.ts';

export const TOKEN_PREFIX = 'rose_';
const TOKEN_BYTES = 24;
const LONGEST_TOKEN = 100;
const TOKENS_PER_ACCOUNT = 100;
const DAY_MS = 86_400_000;

/** API tokens: for programs, of limited life, all or read-only. */
export class TokensService {
  readonly #repository: TokensRepository;
  readonly #events = new EventEmitter<{ ended: [key: string] }>().setMaxListeners(0);

  constructor(repository: TokensRepository) {
    this.#repository = repository;
  }

  /**
   * The only answer that holds the token; its SHA-256 is what is kept.
   * @throws RoseError LIMIT_EXCEEDED
   */
  async create(
    identity: Identity,
    input: { name: string; scope: TokenScope; expiresInDays: number },
  ): Promise<CreatedToken> {
    const token = TOKEN_PREFIX + randomBytes(TOKEN_BYTES).toString('base64url');
    const row = await this.#repository.create(
      identity.account.id,
      {
        name: input.name,
        digest: digest(token),
        scope: input.scope === 'full' ? 'full' : 'read_only',
        expiresAt: new Date(Date.now() + input.expiresInDays * DAY_MS),
      },
      TOKENS_PER_ACCOUNT,
    );
    if (row === null) {
      throw new RoseError('LIMIT_EXCEEDED', `An account has at most ${TOKENS_PER_ACCOUNT} API tokens. Revoke some.`, {
        limit: 'tokens',
        value: TOKENS_PER_ACCOUNT + 1,
        allowed: TOKENS_PER_ACCOUNT,
      });
    }
    return { ...viewOf(row), token };
  }

  async list(identity: Identity): Promise<TokenView[]> {
    return (await this.#repository.list(identity.account.id)).map(viewOf);
  }

  /** @throws RoseError NOT_FOUND */
  async revoke(identity: Identity, id: number): Promise<void> {
    if (!(await this.#repository.revoke(identity.account.id, id))) throw notFound(`API token ${id}`);
    this.#events.emit('ended', String(id));
  }

  /** Who comes with this token; null when it never was, was revoked or has expired. */
  async identify(token: string): Promise<Identity | null> {
    if (token.length > LONGEST_TOKEN) return null;
    const row = await this.#repository.findByDigest(digest(token));
    if (row === null || row.expiresAt <= new Date()) return null;
    await this.#repository.noteUse(row);
    return {
      account: row.user,
      scope: scopeOf(row),
      credential: { kind: 'token', key: String(row.id) },
      expiresAt: row.expiresAt,
    };
  }

  /** When a token of this account expires; null when it has, or was revoked. */
  async expiryOf(accountId: number, key: string): Promise<Date | null> {
    const row = (await this.#repository.list(accountId)).find(({ id }) => String(id) === key);
    return row !== undefined && row.expiresAt > new Date() ? row.expiresAt : null;
  }

  /** Calls back with the key of each token that is revoked. */
  onEnded(listener: (key: string) => void): Disposable {
    this.#events.on('ended', listener);
    return { [Symbol.dispose]: () => this.#events.off('ended', listener) };
  }
}

function scopeOf(row: ApiToken): TokenScope {
  return row.scope === 'full' ? 'full' : 'read-only';
}

function viewOf(row: ApiToken): TokenView {
  return {
    id: row.id,
    name: row.name,
    scope: scopeOf(row),
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
  };
}
