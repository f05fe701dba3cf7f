import { EventEmitter } from 'node:events';
import { RoseError } from '@rose/contract';
import type { Sessions } from '../drivers/sessions/index.ts';
import { IdentityCache } from './identity-cache.ts';
import type { Credential, Identity } from './identity.ts';
import { TOKEN_PREFIX, type TokensService } from './tokens-service.ts';

/** What a request brought along to say who it is. */
export interface Credentials {
  /** The Authorization header. It wins over the cookie, also when it is wrong. */
  authorization: string | null;
  /** The session cookie's value. */
  cookie: string | null;
}

/** setTimeout takes no longer wait than this, ms. */
const LONGEST_TIMER_MS = 2_147_483_647;
const RETRY_MS = 30_000;

function eventOf({ kind, key }: Credential): string {
  return `${kind} ${key}`;
}

/** Says who makes a request, and tells long-lived streams when that ends. */
export class Access implements Disposable {
  readonly #sessions: Sessions;
  readonly #tokens: TokensService;
  readonly #ended = new EventEmitter<Record<string, []>>().setMaxListeners(0);
  readonly #cache = new IdentityCache();
  readonly #sources = new DisposableStack();
  #endings = 0;

  constructor(sessions: Sessions, tokens: TokensService) {
    this.#sessions = sessions;
    this.#tokens = tokens;
    const tell = (kind: Credential['kind']) => (key: string) => {
      this.#endings += 1;
      this.#cache.forget({ kind, key });
      this.#ended.emit(eventOf({ kind, key }));
    };
    this.#sources.use(sessions.onEnded(tell('session')));
    this.#sources.use(tokens.onEnded(tell('token')));
  }

  /** null: nobody we know. */
  async identify({ authorization, cookie }: Credentials): Promise<Identity | null> {
    const secret = authorization === null ? cookie : /^Bearer +(\S+)$/i.exec(authorization)?.[1];
    if (secret === null || secret === undefined) return null;
    // A cookie holds a session and nothing else.
    const isToken = authorization !== null && secret.startsWith(TOKEN_PREFIX);
    return isToken
      ? this.#cache.get(secret, () => this.#tokens.identify(secret))
      : this.#cache.get(`session ${secret}`, () => this.#identifySession(secret));
  }

  /**
   * Who may look, or change something too.
   * @throws RoseError UNAUTHENTICATED; FORBIDDEN for a read-only token that would change something.
   */
  async require(credentials: Credentials, intent: 'look' | 'change'): Promise<Identity> {
    const identity = await this.identify(credentials);
    if (identity === null) {
      throw new RoseError('UNAUTHENTICATED', 'Sign in first: this needs a session or an API token that is still good.');
    }
    if (identity.scope === 'read-only' && intent === 'change') {
      throw new RoseError('FORBIDDEN', 'This API token is read-only. Changing something needs one of scope "full".');
    }
    return identity;
  }

  /**
   * Calls back once when what the caller came with ends: signed out, revoked or expired.
   * A session that is used meanwhile lives on. Dispose the watch when the stream closes.
   */
  watch(identity: Identity, credentials: Credentials, onEnd: () => void): Disposable {
    const event = eventOf(identity.credential);
    const look = async (): Promise<Date | null> => {
      const now = await this.identify(credentials);
      return now !== null && eventOf(now.credential) === event ? now.expiresAt : null;
    };
    // At once: it may have ended between the caller's identify and here.
    return this.#watch(identity.credential, look, onEnd, 0);
  }

  /** `watch` for what is known by its key alone, and was good when `endings` were counted. */
  watchCredential(accountId: number, credential: Credential, endings: number, onEnd: () => void): Disposable {
    const firstMs = endings === this.#endings ? RETRY_MS : 0;
    return this.#watch(credential, () => this.expiryOf(accountId, credential), onEnd, firstMs);
  }

  /** Until when what is known by its key alone signs this account in; null when it does not any more. */
  async expiryOf(accountId: number, { kind, key }: Credential): Promise<Date | null> {
    if (kind === 'token') return await this.#tokens.expiryOf(accountId, key);
    const sessions = await this.#sessions.list(accountId);
    return sessions.find((session) => session.key === key)?.expiresAt ?? null;
  }

  /** How many sessions and tokens this process has ended: what was looked up before may hold no longer. */
  get endings(): number {
    return this.#endings;
  }

  /** @param look until when it is good; null when it is not any more; first asked after `firstMs` */
  #watch(credential: Credential, look: () => Promise<Date | null>, onEnd: () => void, firstMs: number): Disposable {
    const event = eventOf(credential);
    let timer: NodeJS.Timeout | undefined;
    let isOver = false;
    const stop = (): void => {
      isOver = true;
      clearTimeout(timer);
      this.#ended.off(event, end);
    };
    const end = (): void => {
      stop();
      onEnd();
    };
    const check = async (): Promise<void> => {
      let wait = RETRY_MS;
      try {
        const expiresAt = await look();
        if (isOver) return;
        if (expiresAt === null) return end();
        wait = Math.min(Math.max(expiresAt.getTime() - Date.now(), 1000), LONGEST_TIMER_MS);
      } catch {
        // The database is away: that ends nobody's session.
      }
      if (!isOver) timer = setTimeout(() => void check(), wait).unref();
    };
    this.#ended.once(event, end);
    if (firstMs === 0) void check();
    else timer = setTimeout(() => void check(), firstMs).unref();
    return { [Symbol.dispose]: stop };
  }

  [Symbol.dispose](): void {
    this.#sources.dispose();
  }

  async #identifySession(id: string): Promise<Identity | null> {
    const session = await this.#sessions.find(id);
    if (session === null) return null;
    const { account, key, expiresAt } = session;
    return { account, scope: 'full', credential: { kind: 'session', key }, expiresAt };
  }
}
