import { EventEmitter } from 'node:events';
import { generateIdFromEntropySize, Lucia, TimeSpan } from 'lucia';
import type { PrismaClient } from '../database/generated/client.ts';
import { SessionAdapter } from './adapter.ts';
import { digest } from './digest.ts';
import {
  SESSION_IDLE_DAYS,
  SESSIONS_PER_ACCOUNT,
  type FoundSession,
  type NewSession,
  type Session,
  type Sessions,
} from './sessions.ts';

declare module 'lucia' {
  interface Register {
    Lucia: ReturnType<typeof createLucia>;
    UserId: number;
    DatabaseUserAttributes: { email: string; name: string; isAdministrator: boolean };
    DatabaseSessionAttributes: { userAgent: string | null; createdAt: Date };
  }
}

function createLucia(adapter: SessionAdapter) {
  return new Lucia(adapter, {
    sessionExpiresIn: new TimeSpan(SESSION_IDLE_DAYS, 'd'),
    getUserAttributes: ({ email, name, isAdministrator }) => ({ email, name, isAdministrator }),
    getSessionAttributes: ({ userAgent, createdAt }) => ({ userAgent, createdAt }),
  });
}

const ID_BYTES = 20;
/** Longer than any id we made: not worth a look into the database. */
const LONGEST_ID = 64;

/** Sessions by lucia, over our own adapter. */
export class LuciaSessions implements Sessions {
  readonly #prisma: PrismaClient;
  readonly #adapter: SessionAdapter;
  readonly #lucia: ReturnType<typeof createLucia>;
  readonly #events = new EventEmitter<{ ended: [key: string] }>().setMaxListeners(0);

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
    this.#adapter = new SessionAdapter(prisma);
    this.#lucia = createLucia(this.#adapter);
  }

  async create(accountId: number, userAgent: string | null): Promise<NewSession> {
    const sessionId = generateIdFromEntropySize(ID_BYTES);
    await this.#lucia.createSession(accountId, { userAgent, createdAt: new Date() }, { sessionId });
    await this.#forgetSurplus(accountId);
    return { id: sessionId, key: digest(sessionId) };
  }

  async find(id: string): Promise<FoundSession | null> {
    if (id.length > LONGEST_ID) return null;
    const { session, user } = await this.#lucia.validateSession(id);
    if (session === null) return null;
    const { userId: accountId, userAgent, createdAt, expiresAt } = session;
    return { key: digest(id), accountId, userAgent, createdAt, expiresAt, account: user };
  }

  async list(accountId: number): Promise<Session[]> {
    const sessions = await this.#lucia.getUserSessions(accountId);
    return sessions
      .filter(({ expiresAt }) => expiresAt > new Date())
      .map(({ id, userAgent, createdAt, expiresAt }) => ({ key: id, accountId, userAgent, createdAt, expiresAt }))
      .toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
  }

  async end(accountId: number, key: string): Promise<boolean> {
    const { count } = await this.#prisma.session.deleteMany({ where: { id: key, userId: accountId } });
    if (count > 0) this.#events.emit('ended', key);
    return count > 0;
  }

  async endOthers(accountId: number, keptKey: string | null): Promise<void> {
    const others = (await this.#adapter.getUserSessions(accountId)).filter(({ id }) => id !== keptKey);
    await this.#delete(others.map(({ id }) => id));
  }

  onEnded(listener: (key: string) => void): Disposable {
    this.#events.on('ended', listener);
    return { [Symbol.dispose]: () => this.#events.off('ended', listener) };
  }

  async #forgetSurplus(accountId: number): Promise<void> {
    const rows = await this.#prisma.session.findMany({
      where: { userId: accountId },
      orderBy: { createdAt: 'desc' },
      select: { id: true, expiresAt: true },
    });
    const now = new Date();
    await this.#delete(
      rows.filter((row, age) => age >= SESSIONS_PER_ACCOUNT || row.expiresAt <= now).map(({ id }) => id),
    );
  }

  async #delete(keys: string[]): Promise<void> {
    if (keys.length === 0) return;
    await this.#prisma.session.deleteMany({ where: { id: { in: keys } } });
    for (const key of keys) this.#events.emit('ended', key);
  }
}
